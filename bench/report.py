"""Writes what was measured: tables for people, ratios against their targets."""

from pathlib import Path
from string import Template

PAGE = Path("docs/benchmarks.md")

# `adaptive` against whom, where, and the ratio of requests a second that is looked for.
RATIOS = [
    ("the pool without any check, `/?city=London`, 16 clients", "strategies/16", "NoCheck", 0.97),
    ("`pool_pre_ping`, 16 clients on loopback", "strategies/16", "sqlalchemy", 1.1),
    ("`pool_pre_ping`, 1 client, 1 ms a round trip", "slow link/1", "sqlalchemy", 1.6),
    ("`per_request`, both as shipped", "strategies/16", "per_request", 1.4),
    ("FastAPI + asyncmy, one student", "peers/one", "FastAPI + asyncmy", 1.0),
    ("FastAPI + asyncmy, page of 100", "peers/page", "FastAPI + asyncmy", 2.0),
    ("Flask-SQLAlchemy, one student", "peers/one", "Flask-SQLAlchemy", 1.7),
    ("Flask-SQLAlchemy, page of 100", "peers/page", "Flask-SQLAlchemy", 5.0),
]

COLUMNS = {
    "requests/s": "{rate:,.0f}",
    "slowest to fastest round": "{slowest:,.0f} to {fastest:,.0f}",
    "p50 ms": "{p50_ms:.1f}",
    "p99 ms": "{p99_ms:.1f}",
    "CPU worker µs": "{worker_cpu:.0f}",
    "CPU server µs": "{server_cpu:.0f}",
    "statements": "{statements:.2f}",
    "pings": "{pings:.2f}",
    "connections opened": "{connections:.0f}",
    "memory MB": "{memory:.0f}",
    "failed": "{failed:.0f}",
}


def suite(found: dict, path: str) -> dict:
    """A part of the figures, such as `peers/one`; empty if it was not measured."""
    for step in path.split("/"):
        found = found.get(step, {})
    return found


def ratios(found: dict) -> list[tuple[str, float, float]]:
    """Each ratio that is looked for: its name, what it is, what it ought to be."""
    rows = []
    for name, where, other, target in RATIOS:
        part = suite(found, where)
        if other in part:
            rows.append((name, part["adaptive"]["rate"] / part[other]["rate"], target))
    city = suite(found, "peers/city").get("classic per request")
    ours = suite(found, "strategies/16").get("per_request")
    if city and ours:
        name = "`per_request` / the classic per-request snippet"
        rows.append((name, ours["rate"] / city["rate"], 20))
    return rows


def table(part: dict) -> str:
    """One suite as a table."""
    head = ["", *COLUMNS]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * len(COLUMNS)]
    for name, figures in part.items():
        values = {**figures, "p50_ms": figures["p50"] / 1000, "p99_ms": figures["p99"] / 1000}
        cells = [pattern.format(**values) for pattern in COLUMNS.values()]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines)


def ratio_table(found: dict) -> str:
    """The ratios beside what is looked for."""
    lines = ["| `adaptive` / ... | measured | at least | |", "| --- | ---: | ---: | --- |"]
    for name, value, target in ratios(found):
        verdict = "" if value >= target else "missed"
        lines.append(f"| {name} | {value:.2f} | {target:g} | {verdict} |")
    return "\n".join(lines)


def as_text(found: dict) -> str:
    """All tables, for the terminal and the page."""
    parts = [ratio_table(found)]
    for title, path in titles(found):
        parts.append(f"### {title}\n\n{table(suite(found, path))}")
    return "\n\n".join(parts)


def titles(found: dict) -> list[tuple[str, str]]:
    """The suites there are, with a heading each."""
    named = [
        *((f"Strategies, `/?city=London`, {n} clients", f"strategies/{n}") for n in (1, 4, 8, 16)),
        ("Peers, `/?city=London`, 16 clients", "peers/city"),
        ("Peers, one student, 16 clients", "peers/one"),
        ("Peers, a page of 100 students, 16 clients", "peers/page"),
        ("The service's own operations, 16 clients", "operations"),
        ("Workers, one student, 16 clients", "workers"),
        *((f"1 ms a round trip: strategies, {n} clients", f"slow link/{n}") for n in (1, 16)),
        ("1 ms a round trip: peers, one student, 16 clients", "slow link, peers"),
    ]
    return [(title, path) for title, path in named if suite(found, path)]


def write(found: dict) -> None:
    """Fill the page's frame."""
    frame = Template(Path("bench/page.md").read_text())
    machine = "; ".join(f"{name}: {value}" for name, value in found["machine"].items())
    PAGE.write_text(
        frame.substitute(machine=machine, command=found["command"], tables=as_text(found))
    )
