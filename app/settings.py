"""Every setting: its type, unit, limits, default and meaning, in one place.

`.env.example` and `docs/configuration.md` are made from these declarations
(`make docs`). The environment is read by `load_settings` and nowhere else;
everything below it receives a frozen `Settings` value. The file is long because all of them
stand in it; what their values look like and what is said of bad ones are modules of their own.
"""

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

from app import setting_values
from app.database_url import DatabaseUrl
from app.db.strategies import WITHOUT_POOL
from app.setting_problems import in_words
from app.setting_values import STRATEGY_NAMES

# Answer what needs no database while all others wait for it (docs/decisions/0011).
SPARE_THREADS = 4


class BadSettings(Exception):
    """The environment cannot be used; the message is one line that names every problem."""


def _setting(meaning: str, *, section: str, example: str = "", **limits: Any) -> Any:
    return Field(
        description=meaning, json_schema_extra={"section": section, "example": example}, **limits
    )


Seconds = Annotated[float, Field(allow_inf_nan=False)]
Url = Annotated[DatabaseUrl, NoDecode, BeforeValidator(DatabaseUrl.parse)]
Rate = Annotated[str, AfterValidator(setting_values.rate)]
StorageUrl = Annotated[SecretStr, AfterValidator(setting_values.storage)]
Origins = Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(setting_values.origins)]
SERVICE, ACCESS, CONNECTIONS, LIVENESS, TLS = (
    "Service", "Access", "Connections", "Liveness", "TLS"
)  # fmt: skip


class Settings(BaseModel):
    """What the service was told, checked and unchangeable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: Url = _setting(
        "Where the data are: `mysql://user:password@host:port/name`. Percent-encode special "
        "characters in the password; `?unix_socket=/path` replaces host and port.",
        section=SERVICE,
        example="mysql://app:secret@127.0.0.1:3306/students",
    )
    migration_database_url: Url | None = _setting(
        "The same database with an account that may change its schema, for the migrations alone; "
        "then the service's own needs only SELECT, INSERT, UPDATE, DELETE and EXECUTE. Left out, "
        "the migrations use DATABASE_URL.",
        section=SERVICE,
        default=None,
        example="mysql://owner:secret@127.0.0.1:3306/students",
    )
    secret_key: Annotated[SecretStr, AfterValidator(setting_values.long_enough)] = _setting(
        "Signs the access tokens; at least 32 characters, the same for all workers and replicas.",
        section=SERVICE,
        example="the output of: openssl rand -hex 32",
    )
    host: str = _setting(
        "Address to listen on; `0.0.0.0` for all.", section=SERVICE, default="127.0.0.1"
    )
    port: int = _setting("Port to listen on.", section=SERVICE, default=8000, ge=1, le=65535)
    web_concurrency: int = _setting("Worker processes.", section=SERVICE, default=2, ge=1, le=256)
    threads: int = _setting(
        "Threads a worker process. Where the strategy has a pool, four more are kept for what "
        "needs no database: `livez` answers although all others wait for it.",
        section=SERVICE,
        default=8,
        ge=1,
        le=1024,
    )
    graceful_timeout_seconds: int = _setting(
        "How long a worker may finish its requests when it is stopped or reloaded.",
        section=SERVICE,
        default=30,
        ge=1,
        le=3600,
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = _setting(
        "The least important line that is still logged.", section=SERVICE, default="INFO"
    )
    log_format: Literal["json", "console"] = _setting(
        "`json`: an object a line, for machines; `console`: for the eyes of a developer.",
        section=SERVICE,
        default="json",
    )

    access_token_seconds: int = _setting(
        "How long an access token is valid; a user who is deactivated keeps access for as long.",
        section=ACCESS,
        default=900,
        ge=30,
        le=86400,
    )
    refresh_token_seconds: int = _setting(
        "How long a refresh token is valid: who comes back within it need not sign in again.",
        section=ACCESS,
        default=1209600,
        ge=60,
        le=31536000,
    )
    rate_limit: Rate = _setting(
        "Requests a user may make, or an address where nobody is signed in. There is no switch "
        "that turns it off; where something else limits, a very high rate will do.",
        section=ACCESS,
        default="600/minute",
    )
    sign_in_rate_limit: Rate = _setting(
        "Wrong passwords for one user name, and from one address; then even the right one has "
        "to wait.",
        section=ACCESS,
        default="10/minute",
    )
    rate_limit_storage_url: StorageUrl = _setting(
        "Where requests are counted: `memory://`, each worker by itself, so that WEB_CONCURRENCY "
        "workers let as many times more through; or `redis://:password@host:6379/0` (`rediss://` "
        "for TLS), all workers and replicas together.",
        section=ACCESS,
        default=SecretStr("memory://"),
    )
    trusted_proxies: int = _setting(
        "Proxies in front, each of which adds to X-Forwarded-For: so many are believed about the "
        "client's address. One too many, and a client can pretend to be any address.",
        section=ACCESS,
        default=0,
        ge=0,
        le=10,
    )
    cors_origins: Origins = _setting(
        "Web pages of other origins that may call the service from a browser, with commas "
        "between: `https://app.example.org`. Left out, none may.",
        section=ACCESS,
        default=None,
    )

    db_strategy: Annotated[str, AfterValidator(setting_values.known_strategy)] = _setting(
        f"Where connections come from: {STRATEGY_NAMES}, or a class of your own as "
        "`package.module:Class`.",
        section=CONNECTIONS,
        default="adaptive",
    )
    db_driver: Literal["pymysql", "mysqlclient"] = _setting(
        "PyMySQL is pure Python; mysqlclient reads long answers in C and has to be installed "
        "(`.venv/bin/pip install -r requirements/mysqlclient.txt`).",
        section=CONNECTIONS,
        default="pymysql",
    )
    db_pool_size: int | None = _setting(
        "Connections a worker process holds at most, in the strategies with a pool. "
        "Left out, it is THREADS, so that no thread waits for another.",
        section=CONNECTIONS,
        default=None,
        ge=1,
        le=1024,
    )
    db_pool_timeout_seconds: Seconds = _setting(
        "How long a request waits for a connection while all of them are busy; then 503.",
        section=CONNECTIONS,
        default=5,
        gt=0,
        le=300,
    )
    db_recycle_seconds: Seconds = _setting(
        "Age at which a connection is replaced, in `timed`, `sqlalchemy`, `sqlalchemy_session` "
        "and `adaptive`; 0 is never. `timed`, and the SQLAlchemy ones with DB_PRE_PING=0, do not "
        "start with one that is not below the server's `wait_timeout`.",
        section=CONNECTIONS,
        default=180,
        ge=0,
        le=31536000,
    )
    db_leak_report_seconds: Seconds = _setting(
        "`adaptive` logs who borrowed a connection that is out for longer, with the stack; 0 is "
        "never. Costs some 50 us for each use: for finding a leak, not for always.",
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
        "How long it may take in all until a connection is there: its name, TCP (three "
        "seconds of it at most for each address), TLS and the login; in `adaptive` also the wait "
        "for a free one and its check. Longer than a server that is alive may stand still.",
        section=LIVENESS,
        default=8,
        gt=0,
        le=300,
    )
    db_read_timeout_seconds: Seconds = _setting(
        "How long the server may stay silent while a statement runs: longer than your slowest "
        "statement.",
        section=LIVENESS,
        default=30,
        gt=0,
        le=86400,
    )
    db_write_timeout_seconds: Seconds = _setting(
        "How long sending a statement may make no progress.",
        section=LIVENESS,
        default=10,
        gt=0,
        le=86400,
    )
    db_lock_timeout_seconds: int = _setting(
        "How long a statement waits for a row that another unit has locked "
        "(`innodb_lock_wait_timeout`); then the unit is run again, or answered with 503.",
        section=LIVENESS,
        default=5,
        ge=1,
        le=3600,
    )
    db_ping_after_idle_seconds: Seconds = _setting(
        "`adaptive` asks a connection that was idle for longer, with a deadline of one second, "
        "before it trusts it.",
        section=LIVENESS,
        default=10,
        gt=0,
        le=86400,
    )
    db_keepalive_seconds: int = _setting(
        "Idle time before the kernel probes the flow (then every third of it, three times at "
        "most). Below the idle limit of every firewall and load balancer on the way.",
        section=LIVENESS,
        default=30,
        ge=1,
        le=7200,
    )
    db_proxy_idle_limit_seconds: float | None = _setting(
        "After how many idle seconds a proxy, firewall or load balancer on the way drops a flow, "
        "where you know. `adaptive` retires an idle connection before it, as before the server's "
        "`wait_timeout`, and DB_KEEPALIVE_SECONDS has to be below it.",
        section=LIVENESS,
        default=None,
        ge=2,
        le=86400,
    )
    db_tcp_user_timeout_seconds: Seconds = _setting(
        "How long sent data may stay unacknowledged before the kernel gives the flow up "
        "(TCP_USER_TIMEOUT, RFC 5482). A slow statement is not disturbed: its data are "
        "acknowledged at once.",
        section=LIVENESS,
        default=2,
        ge=0.1,
        le=3600,
    )

    db_ssl_mode: Literal["DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"] = _setting(
        "MySQL's own names: encrypted or not, and what is checked of the server's certificate.",
        section=TLS,
        default="DISABLED",
    )
    db_ssl_ca: str | None = _setting(
        "File with the certificate authorities for VERIFY_CA and VERIFY_IDENTITY; left out, the "
        "system's.",
        section=TLS,
        default=None,
        example="/etc/ssl/certs/mysql-ca.pem",
    )

    def as_owner(self) -> Self:
        """Give the same settings, with the account that may change the schema."""
        url = self.migration_database_url or self.database_url
        return self.model_copy(update={"database_url": url})

    @model_validator(mode="after")
    def _probe_before_the_proxy_forgets(self) -> Self:
        limit = self.db_proxy_idle_limit_seconds
        if limit is not None and self.db_keepalive_seconds >= limit:
            raise ValueError(
                f"DB_KEEPALIVE_SECONDS={self.db_keepalive_seconds}: a flow is dropped after "
                f"DB_PROXY_IDLE_LIMIT_SECONDS={limit:g}; use less than that"
            )
        return self

    @property
    def pool_size(self) -> int:
        """DB_POOL_SIZE, or one connection for each thread."""
        return self.db_pool_size or self.threads

    @property
    def worker_threads(self) -> int:
        """THREADS, and where a pool bounds who is at the database, some spare ones."""
        spare = 0 if self.db_strategy in WITHOUT_POOL else SPARE_THREADS
        return self.threads + spare


class _FromEnvironment(Settings, BaseSettings):
    model_config = SettingsConfigDict(
        extra="ignore", env_file_encoding="utf-8", env_ignore_empty=True
    )


def load_settings(env_file: str | None = ".env") -> Settings:
    """Read the environment, and `.env` in the working directory for what it leaves out.

    Raises `BadSettings` with every problem in one line.
    """
    try:
        return _FromEnvironment(_env_file=env_file)  # type: ignore[call-arg]
    except ValidationError as error:
        problems = [in_words(one, Settings.model_fields) for one in error.errors()]
        raise BadSettings("; ".join(problems)) from None
