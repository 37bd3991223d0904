"""The answers that are compared, by the name they have in the table."""

from dataclasses import dataclass, field

from app.db.strategies import STRATEGIES

WORKERS = 2
THREADS = 8


@dataclass(frozen=True, slots=True)
class Variant:
    """A strategy and the settings it is run with, beyond the defaults.

    Without a strategy it is one of the popular answers as it is, in an application of its own.
    """

    name: str
    strategy: str | None
    settings: dict[str, object] = field(default_factory=dict)
    threads: int = THREADS  # of each worker

    @property
    def clients(self) -> int:
        """As many as there are threads to serve them."""
        return WORKERS * self.threads

    @property
    def application(self) -> str:
        """What is served."""
        name = "ledger_app" if self.strategy else "bare_app"
        return f"tests.faults.{name}:app"


_SPECIAL = {
    # pool_recycle and pool_pre_ping, each alone; by default it has both.
    "sqlalchemy": [
        Variant("sqlalchemy", "sqlalchemy"),
        Variant("pool_recycle alone", "sqlalchemy", {"DB_PRE_PING": "false"}),
        Variant("pool_pre_ping alone", "sqlalchemy", {"DB_RECYCLE_SECONDS": 0}),
    ],
    # With several threads it garbles answers without any fault, which would hide the rest.
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
} | {name: Variant(name, None, {"BARE": answer}) for name, answer in _BARE.items()}
