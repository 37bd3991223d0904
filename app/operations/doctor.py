"""`flask doctor`: connects, says what it sees, and what to do where it is wrong."""

from dataclasses import dataclass
from ipaddress import ip_address

import click
from flask import Flask

from app.db import Checkout
from app.db.connector import Connector
from app.db.strategies import WITHOUT_POOL
from app.db.transaction import Row, Transaction
from app.operations import connecting, schema
from app.settings import BadSettings, Settings, naming_variables

# The shortest idle limits of the usual boxes on the way: Azure's load balancer
# 4 minutes, AWS's NAT gateway and network load balancer 350 s, many proxies 60 s.
SHORTEST_USUAL_PROXY_SECONDS = 60
SERVER = """
    SELECT VERSION() AS version, @@version_comment AS comment, @@wait_timeout AS wait_timeout,
           @@interactive_timeout AS interactive_timeout, @@max_connections AS max_connections,
           @@max_user_connections AS max_user_connections,
           @@read_only AS read_only, @@innodb_read_only AS innodb_read_only
"""
READ_ONLY = ("read_only", "innodb_read_only")
# Of the account this session signed in with; those that come by a role are not in it.
RIGHTS = """
    SELECT privilege_type AS name FROM information_schema.user_privileges
    WHERE grantee = CONCAT("'", REPLACE(CURRENT_USER(), '@', "'@'"), "'")
    UNION SELECT privilege_type FROM information_schema.schema_privileges
    WHERE grantee = CONCAT("'", REPLACE(CURRENT_USER(), '@', "'@'"), "'")
      AND DATABASE() LIKE table_schema
"""
RIGHTS_NEEDED = frozenset({"USAGE", "SELECT", "INSERT", "UPDATE", "DELETE", "EXECUTE"})

SINGLE_WARNING = (
    "DB_STRATEGY=single is the broken original, kept as a control for tests and comparisons: it "
    "fails after wait_timeout, a restart or a KILL until the process is restarted; for everything "
    "else use adaptive"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `cure` is empty where all is well.

    `refusal` is there where the service is known to fail with these settings: it does not start.
    """

    name: str
    seen: str
    cure: str = ""
    refusal: str = ""


def register(app: Flask) -> None:
    """Add the command."""

    @app.cli.command("doctor", help=__doc__)
    def doctor() -> None:
        settings: Settings = app.extensions["settings"]
        try:
            findings = examine(settings)
        except BadSettings as error:
            raise click.ClickException(str(error)) from None
        for finding in findings:
            click.echo(f"{'WRONG' if finding.cure else 'good '}  {finding.name:<20} {finding.seen}")
            if finding.cure:
                click.echo(f"{'':<27} -> {finding.cure}")
        if any(finding.cure for finding in findings):
            raise SystemExit(1)


def examine(settings: Settings) -> list[Finding]:
    """Look at the server with these settings; raises `BadSettings` if it cannot be reached."""
    with naming_variables():
        connector = Connector(settings.database_config())
    connection = connecting.connect(connector, settings)
    try:
        reader = Transaction(Checkout(connection), connector.dbapi.Error)
        server = reader.fetch_one(SERVER) or {}
        return [
            Finding("server", f"{server['version']} ({server['comment']}) at {_place(settings)}"),
            _tls(reader, settings),
            _wait_timeout(server),
            _recycle(server, settings),
            _keepalive(settings),
            _connections(server, settings),
            _writable(server),
            _strategy(settings),
            _schema(reader),
            _account(reader),
        ]
    finally:
        connection.close()


def connections_needed(settings: Settings) -> int:
    """Give the most connections all workers together can hold."""
    if settings.db_strategy == "single":
        each = 1
    elif settings.db_strategy in WITHOUT_POOL:
        each = settings.threads
    else:
        each = settings.pool_size
    return settings.web_concurrency * each


def _place(settings: Settings) -> str:
    url = settings.database_url
    return url.unix_socket or f"{url.host}:{url.port}"


def _tls(reader: Transaction, settings: Settings) -> Finding:
    row = reader.fetch_one("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
    cipher = str(row["Value"]) if row else ""
    if cipher:
        return Finding("TLS", f"{cipher} (DB_SSL_MODE={settings.db_ssl_mode})")
    if _is_local(settings):
        return Finding("TLS", "none, and none needed on this machine")
    cure = "the data cross a network in the clear: set DB_SSL_MODE=REQUIRED, better VERIFY_IDENTITY"
    return Finding("TLS", "none", cure)


def _is_local(settings: Settings) -> bool:
    url = settings.database_url
    if url.unix_socket or url.host == "localhost":
        return True
    try:
        return ip_address(url.host).is_loopback
    except ValueError:
        return False


def _wait_timeout(server: Row) -> Finding:
    seen = (
        f"{server['wait_timeout']} s; interactive_timeout {server['interactive_timeout']} s, "
        "which this client does not use"
    )
    return Finding("wait_timeout", seen)


def _recycle(server: Row, settings: Settings) -> Finding:
    recycle, limit = settings.db_recycle_seconds, float(server["wait_timeout"])
    who, name = "the server", "its wait_timeout"
    if (proxy_limit := settings.db_proxy_idle_limit_seconds) and proxy_limit < limit:
        who, name, limit = "a proxy", "DB_PROXY_IDLE_LIMIT_SECONDS", proxy_limit
    seen = f"{recycle:g} s" if recycle else "never"
    reason = _stands_on_age(settings)
    if not reason:
        return Finding("DB_RECYCLE_SECONDS", f"{seen}; {settings.db_strategy} does not rely on it")
    if 0 < recycle < limit:
        return Finding("DB_RECYCLE_SECONDS", seen)
    cure = f"{who} hangs up after {limit:g} s idle: set DB_RECYCLE_SECONDS to {limit * 0.9:g}"
    refusal = (
        f"DB_RECYCLE_SECONDS={recycle:g}: {who} hangs up after {limit:g} s idle ({name}), and "
        f"{reason} has only the age to go by; use more than 0 and less than {limit:g}"
    )
    return Finding("DB_RECYCLE_SECONDS", seen, cure, refusal)


def _stands_on_age(settings: Settings) -> str:
    """Name the settings by which age alone keeps connections from going stale, if they do."""
    strategy = f"DB_STRATEGY={settings.db_strategy}"
    if settings.db_strategy.startswith("sqlalchemy") and not settings.db_pre_ping:
        return f"{strategy} with DB_PRE_PING=0"
    return strategy if settings.db_strategy == "timed" else ""


def _keepalive(settings: Settings) -> Finding:
    seconds = settings.db_keepalive_seconds
    if seconds < SHORTEST_USUAL_PROXY_SECONDS:
        return Finding("DB_KEEPALIVE_SECONDS", f"{seconds} s")
    cure = "firewalls and proxies forget flows after 60 s to 350 s: set DB_KEEPALIVE_SECONDS to 30"
    return Finding("DB_KEEPALIVE_SECONDS", f"{seconds} s", cure)


def _connections(server: Row, settings: Settings) -> Finding:
    needed = connections_needed(settings)
    allowed = server["max_user_connections"] or server["max_connections"]
    seen = (
        f"{settings.web_concurrency} workers x {needed // settings.web_concurrency} "
        f"connections = {needed}; the server allows {allowed}"
    )
    if needed < allowed:
        return Finding("connections", seen)
    cure = (
        "lower WEB_CONCURRENCY, THREADS or DB_POOL_SIZE, or raise the server's max_connections "
        "(and leave room for others)"
    )
    return Finding("connections", seen, cure)


def _writable(server: Row) -> Finding:
    # Aurora's readers say so by innodb_read_only alone.
    on = [name for name in READ_ONLY if str(server[name]) not in {"0", "OFF"}]
    if not on:
        return Finding("writable", "yes")
    seen = f"no, {' and '.join(on)} is on"
    return Finding("writable", seen, "point DATABASE_URL at the primary server")


def _strategy(settings: Settings) -> Finding:
    name = settings.db_strategy
    return Finding("DB_STRATEGY", name, SINGLE_WARNING if name == "single" else "")


def _schema(reader: Transaction) -> Finding:
    reason = schema.problem(reader)
    return Finding("schema", schema.current(reader) or "none", reason or "")


def _account(reader: Transaction) -> Finding:
    more = sorted({str(row["name"]) for row in reader.fetch_all(RIGHTS)} - RIGHTS_NEEDED)
    if not more:
        return Finding("account", "reads and writes rows, and nothing else")
    few = f"{', '.join(more[:4])}{', ...' if len(more) > 4 else ''}"
    cure = (
        "make an account for DATABASE_URL with SELECT, INSERT, UPDATE, DELETE and EXECUTE alone, "
        "and name this one in MIGRATION_DATABASE_URL"
    )
    return Finding("account", f"may do more than read and write rows: {few}", cure)
