"""Variants: the columns of the fault matrix."""

from dataclasses import dataclass, field

from app.db.strategies import STRATEGIES

WORKERS = 2
THREADS = 8


@dataclass(frozen=True, slots=True)
class Variant:
    """A connection strategy and its settings other than the defaults.

    Without a strategy, it is a common solution outside this project, run by `bare_app`.
    """

    name: str
    strategy: str | None
    settings: dict[str, object] = field(default_factory=dict)
    threads: int = THREADS  # per worker

    @property
    def clients(self) -> int:
        """Number of concurrent clients: one per thread."""
        return WORKERS * self.threads

    @property
    def application(self) -> str:
        """The WSGI application, as module:name."""
        name = "ledger_app" if self.strategy else "bare_app"
        return f"tests.faults.{name}:app"


_SPECIAL = {
    # Both by default; also pool_recycle and pool_pre_ping, each alone.
    "sqlalchemy": [
        Variant("sqlalchemy", "sqlalchemy"),
        Variant("pool_recycle alone", "sqlalchemy", {"DB_PRE_PING": "false"}),
        Variant("pool_pre_ping alone", "sqlalchemy", {"DB_RECYCLE_SECONDS": 0}),
    ],
    # With several threads it mixes up responses even without a fault, which would hide the rest.
    "single": [Variant("single", "single", threads=1)],
}

_BARE = {
    "bare per request": "per_request",
    "bare DBUtils": "dbutils",
    "bare pool_recycle": "pool_recycle",
    "bare pool_pre_ping": "pool_pre_ping",
}

VARIANTS = {
    variant.name: variant
    for name in STRATEGIES
    for variant in _SPECIAL.get(name, [Variant(name, name)])
} | {
    name: Variant(name, None, {"BARE_IMPLEMENTATION": implementation})
    for name, implementation in _BARE.items()
}
