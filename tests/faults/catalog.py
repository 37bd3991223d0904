"""Catalog of faults: how each is injected, on which route, and with which service settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.faults.injections import address, idle, in_flight, locks, server, sessions
from tests.faults.scenario import Route, Scenario, Server


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the fault matrix.

    `settings` are added to the service's defaults; `quick_settings` replace some of them in
    `make test`. `unavoidable` is the reason why requests fail with every client; empty if they
    need not fail.
    """

    name: str
    description: str
    inject: Callable[[Scenario], None]
    route: Route = "direct"
    served_by: Server | None = None  # any
    settings: Mapping[str, object] = field(default_factory=dict)
    quick_settings: Mapping[str, object] = field(default_factory=dict)
    recovers: bool = True  # whether `inject` returns with the fault removed
    recovers_within_seconds: float = 3.0
    unavoidable: str = ""


UNREACHABLE = (
    "The server cannot be reached for longer than `DB_OUTAGE_PATIENCE_SECONDS`, the time that a "
    "request may wait."
)
QUICK_OUTAGE = {"DB_OUTAGE_PATIENCE_SECONDS": 2}
# While other tests run, a server may take longer to start than the default patience.
SLOW_START = {
    "DB_OUTAGE_PATIENCE_SECONDS": 30,
    "DB_CONNECT_TIMEOUT_SECONDS": 30,
    "DB_POOL_TIMEOUT_SECONDS": 30,
}


_ALL = [
    Fault("none", "control measurement: steady traffic without a fault", idle.none),
    # Faults on idle connections.
    Fault(
        "idle-timeout",
        "connections stay idle for 5 s with `wait_timeout` at 2 s",
        idle.idle_timeout,
    ),
    Fault(
        "proxy-idle-timeout",
        "connections stay idle for 4 s behind HAProxy with `timeout client` and `timeout server` "
        "at 2 s",
        idle.proxy_idle_timeout,
        route="haproxy",
    ),
    Fault("killed-idle", "`KILL CONNECTION` on every idle connection", idle.killed_idle),
    Fault(
        "reset-idle",
        "every idle connection receives a TCP reset on both sides",
        idle.reset_idle,
        route="proxy",
    ),
    Fault(
        "error-4031",
        "every idle connection receives error packet 4031 and FIN, as MySQL 8.0.24 and later send "
        "at `wait_timeout`",
        idle.error_4031,
        route="proxy",
    ),
    Fault("restart-idle", "the server restarts between two requests", idle.restart_idle),
    Fault(
        "silent-drop",
        "a firewall silently drops all packets of every connection (iptables), 1 s before its "
        "next use",
        idle.silent_drop,
    ),
    Fault(
        "silent-drop-one",
        "the same for one of sixteen connections, under load",
        idle.silent_drop_one,
    ),
    Fault(
        "silent-drop-idle",
        "as `silent-drop`, but connections stay idle until TCP keepalive has given up (one minute)",
        idle.silent_drop_idle,
        quick_settings={"DB_KEEPALIVE_SECONDS": 3},
    ),
    Fault(
        "reset-on-reuse",
        "the next packet of each connection is answered with a TCP reset, as NAT gateways do "
        "(iptables)",
        idle.reset_on_reuse,
    ),
    Fault(
        "responses-dropped",
        "statements arrive and run, but all response packets are dropped (iptables)",
        idle.responses_dropped,
    ),
    Fault(
        "fork",
        "connections were opened in gunicorn's master process before the fork",
        idle.fork,
        settings={"CONNECT_BEFORE_FORK": "1"},
    ),
    Fault(
        "fork-uwsgi",
        "connections were opened in uWSGI's master process before the fork",
        idle.fork,
        served_by="uwsgi",
        settings={"CONNECT_BEFORE_FORK": "1"},
    ),
    Fault(
        "server-replaced",
        "the address now leads to another server, and existing connections are reset",
        idle.server_replaced,
        route="proxy",
    ),
    # Faults while a statement runs or a transaction is open.
    Fault(
        "silent-drop-mid-query",
        "a firewall silently drops the connections while a statement runs "
        "(`DB_READ_TIMEOUT_SECONDS=3`)",
        in_flight.silent_drop_mid_query,
        settings={"DB_READ_TIMEOUT_SECONDS": 3},
    ),
    Fault(
        "read-response-lost",
        "a SELECT runs and the connection closes before its response, ten times",
        in_flight.read_response_lost,
        route="proxy",
    ),
    Fault(
        "read-response-timeout",
        "a SELECT runs, its response never arrives and the connection stays open, twice "
        "(`DB_READ_TIMEOUT_SECONDS=3`)",
        in_flight.read_response_timeout,
        route="proxy",
        settings={"DB_READ_TIMEOUT_SECONDS": 3},
    ),
    Fault(
        "delayed-write",
        "an INSERT times out while its packets are dropped; the network recovers one second later "
        "and TCP may still deliver it",
        in_flight.delayed_write,
        settings={"DB_READ_TIMEOUT_SECONDS": 1, "DB_TCP_USER_TIMEOUT_SECONDS": 30},
    ),
    Fault(
        "orphaned-row-lock",
        "the connection of a transaction that holds a row lock is silently dropped; the retry "
        "needs the same row",
        in_flight.orphaned_row_lock,
    ),
    Fault(
        "killed-in-transaction",
        "`KILL CONNECTION` between the two statements of a transaction, every 0.4 s",
        in_flight.killed_in_transaction,
    ),
    Fault(
        "commit-response-lost",
        "the connection closes before the response to COMMIT, for one COMMIT in five",
        in_flight.commit_response_lost,
        route="proxy",
    ),
    Fault("deadlock", "two pairs of transactions deadlock (1213)", locks.deadlock),
    Fault(
        "snapshot-conflict",
        "transactions update a row that has changed since they read it (1020; on MariaDB with "
        "`innodb_snapshot_isolation`, on MySQL injected)",
        locks.snapshot_conflict,
        route="proxy",
    ),
    Fault(
        "lock-wait",
        "another transaction holds the row lock for 2 s, less than `DB_LOCK_TIMEOUT_SECONDS`",
        locks.lock_wait,
    ),
    Fault(
        "lock-timeout",
        "another transaction holds the row lock for 6 s (1205; `DB_LOCK_TIMEOUT_SECONDS=1`)",
        locks.lock_timeout,
        settings={"DB_LOCK_TIMEOUT_SECONDS": 1},
        unavoidable="The lock is held for longer than `DB_LOCK_TIMEOUT_SECONDS`.",
    ),
    Fault(
        "table-locked",
        "another session holds the tables for 11 s with `LOCK TABLES ... WRITE` "
        "(`DB_LOCK_TIMEOUT_SECONDS=1`)",
        locks.table_locked,
        settings={"DB_LOCK_TIMEOUT_SECONDS": 1},
        unavoidable="The lock is held for longer than `DB_LOCK_TIMEOUT_SECONDS`.",
    ),
    Fault(
        "query-killed",
        "`KILL QUERY` on running SELECTs (1317)",
        in_flight.query_killed,
        unavoidable="An administrator ended the statements on purpose; a retry would defeat that.",
    ),
    Fault(
        "statement-timeout",
        "queries exceed the time that the server may spend on them (1969, on MySQL 3024): "
        "`DB_STATEMENT_TIMEOUT_SECONDS=0.5`, in the *bare* columns the server's own limit",
        in_flight.statement_timeout,
        settings={"DB_STATEMENT_TIMEOUT_SECONDS": 0.5},
        unavoidable="The statement takes longer than the server allows; a retry would, too.",
    ),
    Fault(
        "slow-statement-timeout",
        "statements of 4 s exceed `DB_READ_TIMEOUT_SECONDS=1` on working connections; the "
        "statements running on the server are counted",
        sessions.slow_statement_timeout,
        settings={"DB_READ_TIMEOUT_SECONDS": 1},
        unavoidable="The statement takes longer than `DB_READ_TIMEOUT_SECONDS`; a retry would, "
        "too.",
    ),
    Fault(
        "session-state",
        "requests leave session variables, an open transaction or `LOCK TABLES` behind in their "
        "session",
        sessions.session_state,
    ),
    Fault(
        "id-reused",
        "the server crashes during transactions and restarts; another client of the same account "
        "then has sessions with the same numbers (Unix socket)",
        sessions.id_reused,
        route="socket",
        quick_settings=SLOW_START,
    ),
    Fault(
        "idle-in-transaction",
        "a transaction pauses for longer than `idle_transaction_timeout`",
        in_flight.idle_in_transaction,
    ),
    Fault(
        "packet-too-large",
        "statements exceed `max_allowed_packet` (1153)",
        in_flight.packet_too_large,
        unavoidable="The statement is larger than the server allows.",
    ),
    # Faults of the server.
    Fault(
        "restart-under-load",
        "the server restarts under load",
        server.restart_under_load,
        quick_settings=SLOW_START,
    ),
    Fault(
        "crash",
        "the server is killed with SIGKILL under load, and available again after about 3 s",
        server.crash,
        quick_settings=SLOW_START,
    ),
    Fault(
        "connection-refused",
        "the server is stopped for longer than `DB_OUTAGE_PATIENCE_SECONDS`: connection refused",
        server.connection_refused,
        quick_settings=QUICK_OUTAGE,
        unavoidable=UNREACHABLE,
    ),
    Fault(
        "host-unreachable",
        "new connections receive ICMP host unreachable for longer than "
        "`DB_OUTAGE_PATIENCE_SECONDS` (iptables)",
        server.host_unreachable,
        quick_settings=QUICK_OUTAGE,
        unavoidable=UNREACHABLE,
    ),
    Fault(
        "host-unreachable-briefly",
        "the same for 2.5 s",
        server.host_unreachable_briefly,
    ),
    Fault(
        "name-not-resolved",
        "the server's host name cannot be resolved",
        server.name_not_resolved,
        route="unresolvable",
        quick_settings=QUICK_OUTAGE,
        recovers=False,
        unavoidable=UNREACHABLE,
    ),
    Fault(
        "too-many-connections",
        "the server has reached `max_connections` for 2.5 s (1040)",
        server.too_many_connections,
    ),
    Fault(
        "too-many-user-connections",
        "`max_user_connections` is 3 for 2.5 s (1203)",
        server.too_many_user_connections,
    ),
    Fault("read-only", "the server is read-only for 1 s under load (1290)", server.read_only),
    Fault(
        "server-suspended",
        "the server process is suspended with SIGSTOP for 5 s",
        server.server_suspended,
    ),
    Fault(
        "failover",
        "the server crashes under load; the address cannot be reached for 4 s, and then leads to "
        "a server with the same data",
        address.failover,
        route="proxy",
    ),
    Fault(
        "switchover",
        "the server becomes read-only under load, the address then leads to another server, and "
        "existing connections are reset",
        address.switchover,
        route="proxy",
    ),
    Fault(
        "node-not-ready",
        "every statement fails with error 1047 for 2 s, as on a Galera node that is not ready "
        "(injected)",
        address.node_not_ready,
        route="proxy",
    ),
    Fault(
        "offline-mode",
        "the server is in `offline_mode` for 2 s (3032; on MariaDB injected)",
        address.offline_mode,
        route="proxy",
    ),
    Fault(
        "handshake-cut",
        "existing connections are reset, and new ones close after the client's first packet "
        "(SSLRequest with TLS) for 2 s",
        address.handshake_cut,
        route="proxy",
    ),
    Fault(
        "not-a-mysql-server",
        "existing connections are reset, and the address leads to an HTTP server for 2 s",
        address.not_a_mysql_server,
        route="proxy",
    ),
    Fault(
        "no-greeting",
        "existing connections are reset, and the port sends no handshake packet for longer than "
        "`DB_OUTAGE_PATIENCE_SECONDS`",
        address.no_greeting,
        route="proxy",
        quick_settings=QUICK_OUTAGE,
        unavoidable=UNREACHABLE,
    ),
    Fault(
        "no-greeting-briefly",
        "the same for 2 s",
        address.no_greeting_briefly,
        route="proxy",
    ),
    Fault(
        "slow-greeting",
        "as `no-greeting`, but the handshake packet arrives one byte every 0.3 s",
        address.slow_greeting,
        route="proxy",
        quick_settings=QUICK_OUTAGE,
        unavoidable=UNREACHABLE,
    ),
    Fault(
        "password-changed",
        "the user's password is changed and its sessions are killed",
        server.password_changed,
        recovers_within_seconds=7.0,  # failed logins are not retried continuously
        unavoidable="The server rejects the password.",
    ),
    Fault(
        "access-restored",
        "as `password-changed`; afterwards only `/readyz` is requested, for 5 s at most, and then "
        "all requests",
        server.access_restored,
    ),
]

FAULTS = {fault.name: fault for fault in _ALL}
