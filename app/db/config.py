"""`DatabaseConfig`: everything this package can be told, with units, limits and defaults."""

from dataclasses import dataclass, fields
from typing import Any, Literal, Self, get_args

from .url import DatabaseUrl

SSLMode = Literal["DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"]
Driver = Literal["pymysql", "mysqlclient"]

CHOICES = {"ssl_mode": get_args(SSLMode), "driver": get_args(Driver)}
# The lowest and the highest value allowed, both included.
LIMITS: dict[str, tuple[float, float]] = {
    "pool_size": (1, 1024),
    "max_waiting": (0, 10_000),
    "pool_timeout_seconds": (0.001, 300),
    "recycle_seconds": (0, 31_536_000),
    "leak_report_seconds": (0, 86_400),
    "connect_timeout_seconds": (0.001, 300),
    "read_timeout_seconds": (0.001, 86_400),
    "write_timeout_seconds": (0.001, 86_400),
    "lock_timeout_seconds": (1, 3600),
    "statement_timeout_seconds": (0, 86_400),
    "outage_patience_seconds": (0, 300),
    "ping_after_idle_seconds": (0.001, 86_400),
    "keepalive_seconds": (1, 7200),
    "proxy_idle_limit_seconds": (2, 86_400),
    "replica_max_lag_seconds": (0.1, 3600),
    "tcp_user_timeout_seconds": (0.1, 3600),
}
INTEGERS = {"pool_size", "max_waiting", "lock_timeout_seconds", "keepalive_seconds"}


class ConfigError(ValueError):
    """A value cannot be used: `field` of `DatabaseConfig`, its value, and what is allowed."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(f"{field}={value!r}: {allowed}")
        self.field = field
        self.value = value
        self.allowed = allowed


@dataclass(frozen=True, kw_only=True)
class DatabaseConfig:
    """How to reach one database, and how its connections are kept.

    `strategy` is a name in `strategies.STRATEGIES`, or `package.module:Class`. Sizes and timeouts
    of the pool apply to the strategies that have one. Raises `ConfigError` for a value outside
    `LIMITS`.
    """

    url: DatabaseUrl
    strategy: str = "adaptive"
    driver: Driver = "pymysql"

    # The pool
    pool_size: int = 8
    pool_timeout_seconds: float = 5  # waiting for a connection while all are in use
    # Callers that keep waiting while the server accepts no new connection; None is all of them.
    max_waiting: int | None = None
    recycle_seconds: float = 180  # maximum age of a connection; 0 is unlimited
    pre_ping: bool = True  # the strategies `sqlalchemy` and `sqlalchemy_session`
    leak_report_seconds: float = 0  # log a checkout that lasts longer, with its stack; 0 is never
    # Stored procedures, `name` or `database.name`, that leave no session state: after a CALL of
    # any other one the session is reset.
    stateless_procedures: tuple[str, ...] = ()

    # Timeouts
    connect_timeout_seconds: float = 8  # name resolution, TCP, TLS and login together
    read_timeout_seconds: float = 30
    write_timeout_seconds: float = 10
    lock_timeout_seconds: int = 5  # innodb_lock_wait_timeout, lock_wait_timeout
    # Of each query of `fetch_one` and `fetch_all` of `Database`, at the server; 0 is unlimited.
    statement_timeout_seconds: float = 5

    # Outages
    outage_patience_seconds: float = 5  # how long a short outage may delay a request; 0 is off
    commit_tokens: bool = False  # requires the table in `commit_tokens.DDL`

    # Liveness
    ping_after_idle_seconds: float = 10
    keepalive_seconds: int = 30
    proxy_idle_limit_seconds: float | None = None
    tcp_user_timeout_seconds: float = 2

    # A replica that may serve the reads of `Database.reader`
    read_url: DatabaseUrl | None = None
    replica_max_lag_seconds: float = 2  # the largest age of the data in these reads

    # TLS
    ssl_mode: SSLMode = "DISABLED"
    ssl_ca: str | None = None

    @classmethod
    def from_url(cls, url: str, **options: Any) -> Self:
        """Create a configuration from a URL and the other fields; raises `ConfigError`."""
        known = [field.name for field in fields(cls) if field.name != "url"]
        for name in options.keys() - set(known):
            raise ConfigError(name, options[name], f"unknown; use {', '.join(known)}")
        if options.get("read_url") is not None:
            options["read_url"] = _parsed("read_url", options["read_url"])
        return cls(url=_parsed("url", url), **options)

    def __post_init__(self) -> None:
        """Check each value; raises `ConfigError` for the first one that cannot be used."""
        for field in fields(self):
            if (value := getattr(self, field.name)) is not None or field.default is not None:
                _check(field.name, value)
        limit = self.proxy_idle_limit_seconds
        if limit is not None and self.keepalive_seconds >= limit:
            raise ConfigError(
                "keepalive_seconds",
                self.keepalive_seconds,
                "use less than the proxy idle limit, after which the proxy drops the TCP "
                f"connection ({limit:g} s)",
            )


def _parsed(name: str, url: str) -> DatabaseUrl:
    try:
        return DatabaseUrl.parse(url)
    except ValueError as error:
        raise ConfigError(name, DatabaseUrl.masked(str(url)), str(error)) from None


def _check(name: str, value: Any) -> None:
    if name in {"url", "read_url"} and not isinstance(value, DatabaseUrl):
        raise ConfigError(name, "…", "use a DatabaseUrl, or Database.from_url()")
    if name in CHOICES and value not in CHOICES[name]:
        raise ConfigError(name, value, f"use one of {', '.join(CHOICES[name])}")
    if name == "stateless_procedures" and isinstance(value, str):
        raise ConfigError(name, value, "use a tuple of names")
    if name in LIMITS:
        low, high = LIMITS[name]
        numbers = (int,) if name in INTEGERS else (int, float)
        is_number = isinstance(value, numbers) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:
            raise ConfigError(name, value, f"use {low:g} to {high:g}")
