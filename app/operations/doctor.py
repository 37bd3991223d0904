"""`flask doctor`: check the settings against the database server, and suggest corrections."""

from ipaddress import ip_address

import click
from flask import Flask

from app.db import Checkout
from app.db.connector import Connector
from app.db.strategies import WITHOUT_POOL
from app.db.transaction import Row, Transaction
from app.operations import connecting, replica_checks, schema
from app.operations.finding import Finding
from app.settings import BadSettings, Settings, naming_variables

# Common idle limits: Azure's load balancer 4 minutes, AWS's NAT gateway and network load balancer
# 350 s, many proxies 60 s.
SHORTEST_COMMON_PROXY_LIMIT_SECONDS = 60
SERVER = """
    SELECT VERSION() AS version, @@version_comment AS comment, @@wait_timeout AS wait_timeout,
           @@interactive_timeout AS interactive_timeout, @@max_connections AS max_connections,
           @@max_user_connections AS max_user_connections,
           @@read_only AS read_only, @@innodb_read_only AS innodb_read_only
"""
READ_ONLY = ("read_only", "innodb_read_only")
# Privileges of the current account; those granted through a role are not included.
PRIVILEGES = """
    SELECT privilege_type AS name FROM information_schema.user_privileges
    WHERE grantee = CONCAT("'", REPLACE(CURRENT_USER(), '@', "'@'"), "'")
    UNION SELECT privilege_type FROM information_schema.schema_privileges
    WHERE grantee = CONCAT("'", REPLACE(CURRENT_USER(), '@', "'@'"), "'")
      AND DATABASE() LIKE table_schema
"""
REQUIRED_PRIVILEGES = frozenset({"USAGE", "SELECT", "INSERT", "UPDATE", "DELETE", "EXECUTE"})

SINGLE_WARNING = (
    "DB_STRATEGY=single is the broken original, kept as a control for tests and comparisons: after "
    "wait_timeout, a server restart or a KILL, every request fails until the process is restarted; "
    "use adaptive"
)


def register(app: Flask) -> None:
    """Register the command."""

    @app.cli.command("doctor", help=__doc__)
    def doctor() -> None:
        settings: Settings = app.extensions["settings"]
        try:
            findings = examine(settings)
        except BadSettings as error:
            raise click.ClickException(str(error)) from None
        for finding in findings:
            result = "FAIL" if finding.remedy else "ok"
            click.echo(f"{result:<4}  {finding.name:<20} {finding.observed}")
            if finding.remedy:
                click.echo(f"{'':<26} -> {finding.remedy}")
        if any(finding.remedy for finding in findings):
            raise SystemExit(1)


def examine(settings: Settings) -> list[Finding]:
    """Check the settings against the server; raises `BadSettings` if it cannot be reached."""
    with naming_variables():
        connector = Connector(settings.database_config())
    connection = connecting.connect(connector, settings)
    try:
        reader = Transaction(Checkout(connection), connector.dbapi.Error)
        server = reader.fetch_one(SERVER) or {}
        return [
            Finding("server", f"{server['version']} ({server['comment']}) at {_address(settings)}"),
            _tls(reader, settings),
            _wait_timeout(server),
            _recycle(server, settings),
            _keepalive(settings),
            _connections(server, settings),
            _writable(server),
            _strategy(settings),
            _schema(reader),
            _account(reader),
            _metrics(settings),
            *replica_checks.findings(reader, settings),
        ]
    finally:
        connection.close()


def connections_needed(settings: Settings) -> int:
    """Return the maximum number of connections of all workers together."""
    if settings.db_strategy == "single":
        per_worker = 1
    elif settings.db_strategy in WITHOUT_POOL:
        per_worker = settings.threads
    else:
        per_worker = settings.pool_size
    return settings.web_concurrency * per_worker


def _address(settings: Settings) -> str:
    return settings.database_url.address


def _tls(reader: Transaction, settings: Settings) -> Finding:
    row = reader.fetch_one("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
    cipher = str(row["Value"]) if row else ""
    if cipher:
        return Finding("TLS", f"{cipher} (DB_SSL_MODE={settings.db_ssl_mode})")
    if _is_local(settings):
        return Finding("TLS", "none; not needed on this machine")
    remedy = (
        "data are sent unencrypted over a network: set DB_SSL_MODE=VERIFY_IDENTITY, or at least "
        "REQUIRED"
    )
    return Finding("TLS", "none", remedy)


def _is_local(settings: Settings) -> bool:
    url = settings.database_url
    if url.unix_socket or url.host == "localhost":
        return True
    try:
        return ip_address(url.host).is_loopback
    except ValueError:
        return False


def _wait_timeout(server: Row) -> Finding:
    observed = (
        f"{server['wait_timeout']} s; interactive_timeout is {server['interactive_timeout']} s, "
        "which this client does not use"
    )
    return Finding("wait_timeout", observed)


def _recycle(server: Row, settings: Settings) -> Finding:
    recycle, limit = settings.db_recycle_seconds, float(server["wait_timeout"])
    closer, name = "the server", "wait_timeout"
    if (proxy_limit := settings.db_proxy_idle_limit_seconds) and proxy_limit < limit:
        closer, name, limit = "a proxy", "DB_PROXY_IDLE_LIMIT_SECONDS", proxy_limit
    observed = f"{recycle:g} s" if recycle else "never"
    dependent = _relies_on_age(settings)
    if not dependent:
        observed += f"; {settings.db_strategy} does not depend on it"
        return Finding("DB_RECYCLE_SECONDS", observed)
    if 0 < recycle < limit:
        return Finding("DB_RECYCLE_SECONDS", observed)
    reason = f"{closer} closes idle connections after {limit:g} s"
    remedy = f"{reason}: set DB_RECYCLE_SECONDS to {limit * 0.9:g}"
    startup_error = (
        f"DB_RECYCLE_SECONDS={recycle:g}: {reason} ({name}), and {dependent} replaces connections "
        f"by age only; use more than 0 and less than {limit:g}"
    )
    return Finding("DB_RECYCLE_SECONDS", observed, remedy, startup_error)


def _relies_on_age(settings: Settings) -> str:
    """Return the settings that make the maximum age the only check; empty if there are others."""
    strategy = f"DB_STRATEGY={settings.db_strategy}"
    if settings.db_strategy.startswith("sqlalchemy") and not settings.db_pre_ping:
        return f"{strategy} with DB_PRE_PING=0"
    return strategy if settings.db_strategy == "timed" else ""


def _keepalive(settings: Settings) -> Finding:
    seconds = settings.db_keepalive_seconds
    if seconds < SHORTEST_COMMON_PROXY_LIMIT_SECONDS:
        return Finding("DB_KEEPALIVE_SECONDS", f"{seconds} s")
    remedy = (
        "firewalls and proxies drop idle TCP connections after 60 s to 350 s: set "
        "DB_KEEPALIVE_SECONDS to 30"
    )
    return Finding("DB_KEEPALIVE_SECONDS", f"{seconds} s", remedy)


def _connections(server: Row, settings: Settings) -> Finding:
    needed = connections_needed(settings)
    allowed = server["max_user_connections"] or server["max_connections"]
    observed = (
        f"{settings.web_concurrency} workers x {needed // settings.web_concurrency} "
        f"connections = {needed}; the server allows {allowed}"
    )
    if needed < allowed:
        return Finding("connections", observed)
    remedy = (
        "lower WEB_CONCURRENCY, THREADS or DB_POOL_SIZE, or raise the server's max_connections "
        "(and reserve some for other clients)"
    )
    return Finding("connections", observed, remedy)


def _writable(server: Row) -> Finding:
    # Aurora's readers set only innodb_read_only.
    on = [name for name in READ_ONLY if str(server[name]) not in {"0", "OFF"}]
    if not on:
        return Finding("writable", "yes")
    observed = f"no, {' and '.join(on)} is on"
    return Finding("writable", observed, "point DATABASE_URL at the primary server")


def _strategy(settings: Settings) -> Finding:
    name = settings.db_strategy
    return Finding("DB_STRATEGY", name, SINGLE_WARNING if name == "single" else "")


def _schema(reader: Transaction) -> Finding:
    reason = schema.problem(reader)
    return Finding("schema", schema.current(reader) or "none", reason or "")


def _account(reader: Transaction) -> Finding:
    excess = sorted(
        {str(row["name"]) for row in reader.fetch_all(PRIVILEGES)} - REQUIRED_PRIVILEGES
    )
    if not excess:
        return Finding("account", "may only read and write rows")
    listed = f"{', '.join(excess[:4])}{', ...' if len(excess) > 4 else ''}"
    remedy = (
        "create an account with only SELECT, INSERT, UPDATE, DELETE and EXECUTE for DATABASE_URL, "
        "and use this one in MIGRATION_DATABASE_URL"
    )
    return Finding("account", f"may do more than read and write rows: {listed}", remedy)


def _metrics(settings: Settings) -> Finding:
    readers = "local processes only" if settings.metrics_token is None else "with METRICS_TOKEN"
    return Finding("metrics", readers)
