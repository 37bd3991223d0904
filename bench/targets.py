"""Ratios between contenders, and their targets."""

import json
import statistics
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path("docs/benchmarks-checkout.json")
SCALE = Path("docs/benchmarks-scale.json")
COMMIT_TOKENS = Path("docs/benchmarks-commit-tokens.json")


@dataclass(frozen=True)
class Target:
    """A ratio of two contenders in one suite, with an optional bound."""

    name: str
    suite: str
    ours: str
    other: str
    bound: float | None = None
    quantity: str = "rates"
    is_maximum: bool = False


TARGETS = [
    Target("`adaptive` / pool without checks, 16 clients", "check overhead", "adaptive",
           "NoCheck", 0.97),
    Target("`adaptive` / `pool_pre_ping`, 16 clients on loopback", "strategies/16", "adaptive",
           "sqlalchemy", 1.1),
    Target("`adaptive` / `pool_pre_ping`, 1 client, 1 ms per round trip", "slow link/1", "adaptive",
           "sqlalchemy", 1.6),
    Target("`adaptive` / `per_request`, both as shipped", "strategies/16", "adaptive",
           "per_request", 1.4),
    Target("`per_request` / PyMySQL with defaults, connection per request", "peers/city",
           "per_request", "PyMySQL per request", 20),
    Target("CPU per request: PyMySQL with defaults / `per_request`", "peers/city",
           "PyMySQL per request", "per_request", quantity="worker_cpu"),
    Target("one student / FastAPI + asyncmy", "peers/one", "adaptive", "FastAPI + asyncmy", 1.0),
    Target("page of 100 / FastAPI + asyncmy", "peers/page", "adaptive", "FastAPI + asyncmy", 2.0),
    Target("one student / Flask-SQLAlchemy", "peers/one", "adaptive", "Flask-SQLAlchemy", 1.7),
    Target("page of 100 / Flask-SQLAlchemy", "peers/page", "adaptive", "Flask-SQLAlchemy", 5.0),
    Target("one student, `DB_DRIVER=mysqlclient` / FastAPI + asyncmy", "peers/one",
           "adaptive, mysqlclient", "FastAPI + asyncmy"),
    Target("page of 100, `DB_DRIVER=mysqlclient` / Flask-SQLAlchemy", "peers/page",
           "adaptive, mysqlclient", "Flask-SQLAlchemy"),
    Target("Flask view without a database / FastAPI + asyncmy, one student", "peers/one",
           "Flask without a database", "FastAPI + asyncmy"),
    Target("memory of a worker / Flask-SQLAlchemy", "peers/one", "adaptive", "Flask-SQLAlchemy",
           1.25, "memory", is_maximum=True),
    Target("two workers / one worker, client on the same cores", "workers", "2 workers",
           "1 worker"),
]  # fmt: skip


@dataclass(frozen=True)
class Ratio:
    """A measured ratio: one value per round."""

    name: str
    values: list[float]
    bound: float | None
    is_maximum: bool = False

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.values)

    def row(self) -> str:
        """Return a row of the table."""
        spread = f"{min(self.values):.2f} to {max(self.values):.2f}" if len(self.values) > 1 else ""
        target = (
            f"{'at most' if self.is_maximum else 'at least'} {self.bound:g}" if self.bound else ""
        )
        return f"| {self.name} | {self.median:.2f} | {spread} | {target} | {self._result()} |"

    def _result(self) -> str:
        if self.bound is None:
            return ""
        off = self.median / self.bound - 1
        is_met = off <= 0 if self.is_maximum else off >= 0
        return "met" if is_met else f"**missed** by {abs(off):.0%}"


def suite(results: dict, path: str) -> dict:
    """Return part of the results, such as `peers/one`; empty if it was not measured."""
    for step in path.split("/"):
        results = results.get(step, {})
    return results


def ratios(results: dict) -> list[Ratio]:
    """Return all ratios for which these results and those of the other commands suffice."""
    measured = []
    for it in TARGETS:
        part = suite(results, it.suite)
        if it.ours in part and it.other in part:
            values = _divided(part[it.ours][it.quantity], part[it.other][it.quantity])
            measured.append(Ratio(it.name, values, it.bound, it.is_maximum))
    return [*measured, *_of_checkout(), *_of_commit_tokens(), *_of_scale()]


def _divided(ours: float | list[float], others: float | list[float]) -> list[float]:
    """Divide round by round, because a load spike affects neighboring measurements alike."""
    if isinstance(ours, list) and isinstance(others, list):
        return [one / other for one, other in zip(ours, others, strict=True)]
    return [ours / others]


def stored_results(path: Path) -> dict:
    """Return what another command has stored; empty if it has not run."""
    results: dict = json.loads(path.read_text()) if path.exists() else {}
    return results


def _of_checkout() -> list[Ratio]:
    results = stored_results(CHECKOUT).get("strategies")
    if not results:
        return []
    value = results["adaptive"]["microseconds"] / results["sqlalchemy"]["microseconds"]
    name = "time of a checkout and checkin / `pool_pre_ping` (`make bench-checkout`)"
    return [Ratio(name, [value], 0.2, is_maximum=True)]


def _of_commit_tokens() -> list[Ratio]:
    links = stored_results(COMMIT_TOKENS).get("ratios", {})
    name = "time of a transaction of one INSERT, with commit tokens / without"
    return [
        Ratio(f"{name}, {link} (`make bench-commit-tokens`)", values, None, is_maximum=True)
        for link, values in links.items()
    ]


def _of_scale() -> list[Ratio]:
    sizes = {int(size): part for size, part in stored_results(SCALE).get("sizes", {}).items()}
    if not sizes:
        return []
    smallest, largest = min(sizes), max(sizes)
    worst = max(
        (sizes[largest][name]["p50_ms"] / sizes[smallest][name]["p50_ms"], name)
        for name in sizes[smallest]
    )
    name = (
        f"p50 at {largest:,} students / at {smallest:,}, largest ratio: {worst[1]} "
        "(`make bench-scale`)"
    )
    return [Ratio(name, [worst[0]], 1.2, is_maximum=True)]
