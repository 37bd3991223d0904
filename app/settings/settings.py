"""Every setting: its type, unit, limits, default and meaning, in one place.

`.env.example` and `docs/configuration.md` are generated from these declarations (`make docs`). The
environment is read by `load_settings` and nowhere else; everything else receives a frozen
`Settings` value. The module is long because it holds all declarations; validators and error
messages have modules of their own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.db import ConfigError, Database, DatabaseConfig, DatabaseUrl
from app.db.strategies import WITHOUT_POOL
from app.service import DATABASE
from app.settings import passwords, values
from app.settings.problems import describe
from app.settings.values import STRATEGY_NAMES

# Extra threads for requests that need no database while all others wait for it
# (docs/decisions/0011).
SPARE_THREADS = 4


class BadSettings(Exception):
    """The settings are invalid; the message is one line that names every problem."""


def _setting(meaning: str, *, section: str, example: str = "", **limits: Any) -> Any:
    return Field(
        description=meaning, json_schema_extra={"section": section, "example": example}, **limits
    )


Seconds = Annotated[float, Field(allow_inf_nan=False)]
Url = Annotated[DatabaseUrl, NoDecode, BeforeValidator(DatabaseUrl.parse)]
Rate = Annotated[str, AfterValidator(values.rate)]
StorageUrl = Annotated[SecretStr, AfterValidator(values.storage)]
Origins = Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(values.origins)]
SERVICE, ACCESS, CONNECTIONS, LIVENESS, TLS = (
    "Service", "Access", "Connections", "Liveness", "TLS"
)  # fmt: skip


class Settings(BaseModel):
    """The settings of one service, validated and immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: Url = _setting(
        "The database: `mysql://user:password@host:port/name`. Percent-encode special characters "
        "in the password, or leave it out and set DATABASE_PASSWORD or DATABASE_PASSWORD_FILE; "
        "`?unix_socket=/path` replaces host and port.",
        section=SERVICE,
        example=f"mysql://app:secret@127.0.0.1:3306/{DATABASE}",
    )
    database_password: SecretStr | None = _setting(
        "The password for DATABASE_URL, without percent-encoding.",
        section=SERVICE,
        default=None,
        example="the password of the user in DATABASE_URL",
    )
    database_password_file: str | None = _setting(
        "File with the password for DATABASE_URL, such as a Docker secret; a line break at its "
        "end is ignored.",
        section=SERVICE,
        default=None,
        example="/run/secrets/database_password",
    )
    migration_database_url: Url | None = _setting(
        "The same database with an account that may change its schema, used by the migrations "
        "only; the account in DATABASE_URL then needs only SELECT, INSERT, UPDATE, DELETE and "
        "EXECUTE. If unset, the migrations use DATABASE_URL.",
        section=SERVICE,
        default=None,
        example=f"mysql://owner:secret@127.0.0.1:3306/{DATABASE}",
    )
    database_read_url: Url | None = _setting(
        "A replica of DATABASE_URL's server (one server, not several behind a load balancer): GET "
        "requests are served by it when that is safe, see docs/read-replicas.md. An account that "
        "may only SELECT and EXECUTE is enough.",
        section=SERVICE,
        default=None,
        example=f"mysql://reader:secret@127.0.0.1:3307/{DATABASE}",
    )
    secret_key: Annotated[SecretStr, AfterValidator(values.secret_key)] = _setting(
        "Signs the access tokens; at least 32 characters, the same for all workers and replicas.",
        section=SERVICE,
        example="the output of: openssl rand -hex 32",
    )
    host: str = _setting(
        "Address to listen on; `0.0.0.0` for all interfaces.", section=SERVICE, default="127.0.0.1"
    )
    port: int = _setting("Port to listen on.", section=SERVICE, default=8000, ge=1, le=65535)
    web_concurrency: int = _setting("Worker processes.", section=SERVICE, default=2, ge=1, le=256)
    threads: int = _setting(
        "Threads of each worker process. If the strategy has a pool, four more are added, so "
        "that `/livez` and other requests without database access are answered while all others "
        "wait.",
        section=SERVICE,
        default=8,
        ge=1,
        le=1024,
    )
    graceful_timeout_seconds: int = _setting(
        "Time a worker has to finish its requests when it is stopped or reloaded.",
        section=SERVICE,
        default=30,
        ge=1,
        le=3600,
    )
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(values.upper)
    ] = _setting("The lowest level that is logged.", section=SERVICE, default="INFO")
    log_format: Annotated[Literal["json", "console"], BeforeValidator(values.lower)] = _setting(
        "`json`: one object per line; `console`: human-readable.",
        section=SERVICE,
        default="json",
    )

    access_token_seconds: int = _setting(
        "Lifetime of an access token. A deactivated user keeps access until it expires.",
        section=ACCESS,
        default=900,
        ge=30,
        le=86400,
    )
    refresh_token_seconds: int = _setting(
        "Lifetime of a refresh token: a user who returns within this time does not have to sign "
        "in again.",
        section=ACCESS,
        default=1209600,
        ge=60,
        le=31536000,
    )
    rate_limit: Rate = _setting(
        "Requests allowed for each user, or for each address if the user is not signed in. It "
        "cannot be turned off; if another component limits requests, set a very high rate.",
        section=ACCESS,
        default="600/minute",
    )
    sign_in_rate_limit: Rate = _setting(
        "Wrong passwords allowed for each user name, and for each address; after that the correct "
        "password is rejected too until the period ends.",
        section=ACCESS,
        default="10/minute",
    )
    successful_sign_in_rate_limit: Rate = _setting(
        "Sign-ins with the correct password allowed for each user name: each takes 64 MiB of "
        "memory for about 50 ms. Changes of the password count too.",
        section=ACCESS,
        default="30/minute",
    )
    rate_limit_storage_url: StorageUrl = _setting(
        "Where requests are counted. `memory://`: each worker counts its own, so the effective "
        "limit is WEB_CONCURRENCY times higher. `redis://:password@host:6379/0` (`rediss://` for "
        "TLS): all workers and replicas count together.",
        section=ACCESS,
        default=SecretStr("memory://"),
    )
    trusted_proxies: int = _setting(
        "Number of proxies in front of the service that append to X-Forwarded-For. If it is too "
        "high, a client can pretend to have any address.",
        section=ACCESS,
        default=0,
        ge=0,
        le=10,
    )
    metrics_token: Annotated[SecretStr, AfterValidator(values.metrics_token)] | None = _setting(
        "Clients that send it as `Authorization: Bearer` may read `/metrics`; at least 32 "
        "characters. If unset, only processes on the same machine may, without a proxy in between.",
        section=ACCESS,
        default=None,
        example="the output of: openssl rand -hex 32",
    )
    status_page: bool = _setting(
        "Whether administrators can watch the service at `/status`: requests, connections of all "
        "workers and the database server. It costs nothing while nobody watches.",
        section=ACCESS,
        default=True,
    )
    cors_origins: Origins = _setting(
        "Origins whose web pages may call the service from a browser, separated by commas: "
        "`https://app.example.org`. If unset, none may.",
        section=ACCESS,
        default=None,
    )

    db_strategy: Annotated[str, AfterValidator(values.strategy_name)] = _setting(
        f"Connection strategy: {STRATEGY_NAMES}, or a class of your own as `package.module:Class`.",
        section=CONNECTIONS,
        default="adaptive",
    )
    db_driver: Annotated[Literal["pymysql", "mysqlclient"], BeforeValidator(values.lower)] = (
        _setting(
            "PyMySQL is pure Python; mysqlclient parses long results in C and must be installed "
            "(`.venv/bin/pip install -r requirements/mysqlclient.txt`).",
            section=CONNECTIONS,
            default="pymysql",
        )
    )
    db_pool_size: int | None = _setting(
        "Maximum connections of each worker process, for the strategies with a pool. Defaults "
        "to THREADS, so that each of them can have a connection.",
        section=CONNECTIONS,
        default=None,
        ge=1,
        le=1024,
    )
    db_pool_timeout_seconds: Seconds = _setting(
        "Maximum time a request waits for a connection while all are in use; then 503.",
        section=CONNECTIONS,
        default=5,
        ge=0.001,
        le=300,
    )
    db_recycle_seconds: Seconds = _setting(
        "Maximum age of a connection, in `timed`, `sqlalchemy`, `sqlalchemy_session` and "
        "`adaptive`; 0 is unlimited. `timed`, and the SQLAlchemy strategies with DB_PRE_PING=0, "
        "depend on it: they start only if it is below the server's `wait_timeout`.",
        section=CONNECTIONS,
        default=180,
        ge=0,
        le=31536000,
    )
    db_replica_max_lag_seconds: Seconds = _setting(
        "The largest age of data read from DATABASE_READ_URL. If the replica is further behind, or "
        "it is not known how far, the primary serves the request. It is measured four times within "
        "this time, by one statement on each of the two servers.",
        section=CONNECTIONS,
        default=2,
        ge=0.1,
        le=3600,
    )
    db_leak_report_seconds: Seconds = _setting(
        "`adaptive` logs each connection checked out for longer than this, with the stack trace "
        "of the checkout; 0 disables it. Costs about 50 us for each checkout: for finding a "
        "leak, not for permanent use.",
        section=CONNECTIONS,
        default=0,
        ge=0,
        le=86400,
    )
    db_pre_ping: bool = _setting(
        "Ping before every use, in `sqlalchemy` and `sqlalchemy_session`.",
        section=CONNECTIONS,
        default=True,
    )

    db_connect_timeout_seconds: Seconds = _setting(
        "Maximum time to open a connection: name resolution, TCP (at most three seconds for "
        "each address), TLS and login together. In `adaptive` it includes the wait for a free "
        "connection and its check, and one attempt to connect gets 75 % of it: set it so that "
        "this share exceeds the longest stall you expect of a healthy server.",
        section=LIVENESS,
        default=8,
        ge=0.001,
        le=300,
    )
    db_read_timeout_seconds: Seconds = _setting(
        "Maximum time without data from the server while a statement runs; `adaptive` then "
        "kills the statement at the server, and the response is 503. Set it higher than the "
        "duration of your slowest statement.",
        section=LIVENESS,
        default=30,
        ge=0.001,
        le=86400,
    )
    db_write_timeout_seconds: Seconds = _setting(
        "Maximum time without progress while a statement is sent.",
        section=LIVENESS,
        default=10,
        ge=0.001,
        le=86400,
    )
    db_lock_timeout_seconds: int = _setting(
        "Maximum time a statement waits for a row (`innodb_lock_wait_timeout`) or a table "
        "(`lock_wait_timeout`) locked by another session; then the response is 503. A transaction "
        "is retried after a conflict for the same time.",
        section=LIVENESS,
        default=5,
        ge=1,
        le=3600,
    )
    db_statement_timeout_seconds: Seconds = _setting(
        "Maximum time the server spends on a query of a request (`max_statement_time` of MariaDB, "
        "`MAX_EXECUTION_TIME` of MySQL); then the server ends it and the response is 503 "
        "`statement-timeout`. Transactions, exports, imports and migrations are not limited by it; "
        "0 disables it.",
        section=LIVENESS,
        default=5,
        ge=0,
        le=86400,
    )
    db_outage_patience_seconds: Seconds = _setting(
        "How long a short outage may delay a request instead of failing it: lost reads and "
        "transactions are retried, and in `adaptive` a request that needs a new connection waits "
        "for the server, at most DB_CONNECT_TIMEOUT_SECONDS. When the server has been unavailable "
        "for this long, requests get 503 at once. 0 disables the wait.",
        section=LIVENESS,
        default=5,
        ge=0,
        le=300,
    )
    db_commit_tokens: bool = _setting(
        "Store a token with each transaction of `run_transaction` that writes. If the response to "
        "its COMMIT is lost, the token shows whether it was committed. Costs one statement for "
        "each such transaction. If disabled, a lost response leads to 503 `outcome-unknown`.",
        section=LIVENESS,
        default=True,
    )
    db_read_consistency: Literal["eventual", "causal"] = _setting(
        "On a cluster, what a read through one node sees of a write through another. `eventual`: "
        "what the node has applied, which may be older (or what the server's own default for "
        "`wsrep_sync_wait` or `group_replication_consistency` says). `causal`: all that was "
        "committed before (`wsrep_sync_wait=1` in Galera, `group_replication_consistency=BEFORE` "
        "in Group Replication), so that a client reads its own writes through every node. Without "
        "a cluster it changes nothing.",
        section=LIVENESS,
        default="eventual",
    )
    db_ping_after_idle_seconds: Seconds = _setting(
        "Before it uses a connection that was idle for longer than this, `adaptive` checks that "
        "the server still responds on it, within one second.",
        section=LIVENESS,
        default=10,
        ge=0.001,
        le=86400,
    )
    db_keepalive_seconds: int = _setting(
        "Idle time before the first TCP keepalive probe. Further probes follow at a third of "
        "this time, three at most in total. Set it below the idle limit of every firewall and "
        "load balancer on the path.",
        section=LIVENESS,
        default=30,
        ge=1,
        le=7200,
    )
    db_proxy_idle_limit_seconds: float | None = _setting(
        "Idle time after which a proxy, firewall or load balancer on the path drops a "
        "connection, if known. `adaptive` closes idle connections before this limit, just as "
        "before the server's `wait_timeout`. DB_KEEPALIVE_SECONDS must be lower.",
        section=LIVENESS,
        default=None,
        ge=2,
        le=86400,
    )
    db_tcp_user_timeout_seconds: Seconds = _setting(
        "How long sent data may stay unacknowledged before the kernel drops the connection "
        "(TCP_USER_TIMEOUT, RFC 5482). A slow statement is not affected: the server's kernel "
        "acknowledges its data immediately.",
        section=LIVENESS,
        default=2,
        ge=0.1,
        le=3600,
    )

    db_ssl_mode: Annotated[
        Literal["DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"],
        BeforeValidator(values.upper),
    ] = _setting(
        "Whether the connection is encrypted and how the server's certificate is verified, with "
        "the names of MySQL's `ssl-mode`.",
        section=TLS,
        default="DISABLED",
    )
    db_ssl_ca: str | None = _setting(
        "File with the certificate authorities for VERIFY_CA and VERIFY_IDENTITY; if unset, the "
        "system's.",
        section=TLS,
        default=None,
        example="/etc/ssl/certs/mysql-ca.pem",
    )

    def for_migrations(self) -> Self:
        """Return the same settings with the account that may change the schema, and no replica."""
        url = self.migration_database_url or self.database_url
        return self.model_copy(update={"database_url": url, "database_read_url": None})

    @property
    def pool_size(self) -> int:
        """DB_POOL_SIZE, or one connection for each thread."""
        return self.db_pool_size or self.threads

    @property
    def worker_threads(self) -> int:
        """THREADS, plus spare ones if a pool limits how many threads use the database."""
        spare = 0 if self.db_strategy in WITHOUT_POOL else SPARE_THREADS
        return self.threads + spare

    def database_config(self) -> DatabaseConfig:
        """Return the configuration of the database package; raises `ConfigError`."""
        shared = {
            name.removeprefix("db_"): getattr(self, name)
            for name in type(self).model_fields
            if name.startswith("db_") and name != "db_pool_size"
        }
        return DatabaseConfig(
            url=self.database_url,
            read_url=self.database_read_url,
            pool_size=self.pool_size,
            # One thread is left for requests that need no database.
            max_waiting=max(self.worker_threads - self.pool_size - 1, 0),
            **shared,
        )

    @model_validator(mode="after")
    def _check_database_config(self) -> Self:
        try:
            self.database_config()
        except ConfigError as error:
            raise ValueError(_named_as_variable(error)) from None
        return self


class _FromEnvironment(Settings, BaseSettings):
    model_config = SettingsConfigDict(
        extra="ignore", env_file_encoding="utf-8", env_ignore_empty=True
    )


def load_settings(env_file: str | None = ".env") -> Settings:
    """Read settings from environment variables, falling back to `.env` in the working directory.

    Raises `BadSettings` with every problem in one line.
    """
    try:
        settings = _FromEnvironment(_env_file=env_file)  # type: ignore[call-arg]
        return settings.model_copy(update={"database_url": passwords.complete(settings)})
    except ValidationError as error:
        problems = [describe(one, Settings.model_fields) for one in error.errors()]
        raise BadSettings("; ".join(problems)) from None
    except passwords.BadPassword as error:
        raise BadSettings(str(error)) from None


@contextmanager
def naming_variables() -> Iterator[None]:
    """Turn a `ConfigError` into a `BadSettings` error that names the environment variable."""
    try:
        yield
    except ConfigError as error:
        raise BadSettings(_named_as_variable(error)) from None


def open_database(settings: Settings) -> Database:
    """Create the `Database`; no connection is opened before its first use.

    Raises `BadSettings` for a strategy, driver or certificate that cannot be loaded.
    """
    with naming_variables():
        return Database(settings.database_config())


def _named_as_variable(error: ConfigError) -> str:
    return f"DB_{error.field.upper()}={error.value!r}: {error.allowed}"
