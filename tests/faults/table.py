"""Every fault: its name, how it is made, on which way and with which settings of the service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.faults.stage import Server, Stage, Way
from tests.faults.strikes import idle, middle, server


@dataclass(frozen=True, slots=True)
class Fault:
    """One row. `settings` are the service's, beyond its defaults; `quick` hurries it for a test."""

    name: str
    how: str
    strike: Callable[[Stage], None]
    way: Way = "direct"
    served_by: Server = "gunicorn"
    settings: Mapping[str, object] = field(default_factory=dict)
    quick: Mapping[str, object] = field(default_factory=dict)
    heals: bool = True  # whether all is well again at its end
    heals_within_seconds: float = 3.0


_ALL = [
    Fault("none", "steady traffic, and no fault at all", idle.none),
    # while idle
    Fault("idle-timeout", "5 s idle, and `wait_timeout` is 2 s", idle.idle_timeout),
    Fault(
        "idle-proxy",
        "4 s idle, and HAProxy's `timeout client` and `server` are 2 s",
        idle.idle_proxy,
        way="haproxy",
    ),
    Fault("killed-idle", "`KILL CONNECTION` of every connection", idle.killed_idle),
    Fault("reset-idle", "RST on every flow, to both sides", idle.reset_idle, way="proxy"),
    Fault(
        "farewell",
        "error packet 4031 and FIN on every flow, as MySQL 8.0.24 and later do when idle",
        idle.farewell,
        way="proxy",
    ),
    Fault("restart-idle", "the server is restarted between two requests", idle.restart_idle),
    Fault(
        "forgotten-flow",
        "a firewall drops every flow without a word (iptables), 1 s before it is used again",
        idle.forgotten_flow,
    ),
    Fault("one-forgotten", "the same with one flow of sixteen, under load", idle.one_forgotten),
    Fault(
        "forgotten-idle",
        "the same, and the flows stay idle until keepalive has given them up (a minute)",
        idle.forgotten_idle,
        quick={"DB_KEEPALIVE_SECONDS": 3},
    ),
    Fault(
        "reset-on-reuse",
        "each flow answers its next packet with a RST, as NAT gateways do (iptables)",
        idle.reset_on_reuse,
    ),
    Fault(
        "reply-lost",
        "what is sent arrives and runs, no answer comes back (iptables)",
        idle.reply_lost,
    ),
    Fault(
        "fork",
        "connections were opened in gunicorn's master, before the fork",
        idle.fork,
        settings={"CONNECT_BEFORE_FORK": "1"},
    ),
    Fault(
        "fork-uwsgi",
        "the same in uWSGI's master",
        idle.fork,
        served_by="uwsgi",
        settings={"CONNECT_BEFORE_FORK": "1"},
    ),
    Fault(
        "moved",
        "the address leads to another server, old flows are reset",
        idle.moved,
        way="proxy",
    ),
    # in the middle
    Fault(
        "forgotten-mid-query",
        "a firewall drops the flows while a statement runs (`DB_READ_TIMEOUT_SECONDS=3`)",
        middle.forgotten_mid_query,
        settings={"DB_READ_TIMEOUT_SECONDS": 3},
    ),
    Fault(
        "reply-cut", "a read runs, its answer is cut off, ten times", middle.reply_cut, way="proxy"
    ),
    Fault(
        "reply-swallowed",
        "a read runs, its answer is swallowed and the flow stays, twice "
        "(`DB_READ_TIMEOUT_SECONDS=3`)",
        middle.reply_swallowed,
        way="proxy",
        settings={"DB_READ_TIMEOUT_SECONDS": 3},
    ),
    Fault(
        "ghost-write",
        "an INSERT times out in a black hole, and the path heals a second later",
        middle.ghost_write,
        settings={"DB_READ_TIMEOUT_SECONDS": 1, "DB_TCP_USER_TIMEOUT_SECONDS": 30},
    ),
    Fault(
        "orphan-lock",
        "a unit that holds a row's lock vanishes in a black hole, and is run again",
        middle.orphan_lock,
    ),
    Fault(
        "killed-in-transaction",
        "`KILL` between the two statements of a unit, every 0.4 s",
        middle.killed_in_transaction,
    ),
    Fault(
        "commit-cut", "one in five answers to COMMIT never arrives", middle.commit_cut, way="proxy"
    ),
    Fault("deadlock", "two units crosswise, twice (1213)", middle.deadlock),
    Fault("lock-timeout", "another one holds the row's lock (1205)", middle.lock_timeout),
    Fault("query-killed", "`KILL QUERY` of running reads (1317)", middle.query_killed),
    Fault(
        "statement-timeout",
        "`max_statement_time`, MySQL's `max_execution_time` (1969, 3024)",
        middle.statement_timeout,
    ),
    Fault(
        "idle-in-transaction",
        "a unit dawdles beyond `idle_transaction_timeout`",
        middle.idle_in_transaction,
    ),
    Fault("too-big", "statements above `max_allowed_packet` (1153)", middle.too_big),
    # the server
    Fault("restart-load", "the server is restarted under load", server.restart_load),
    Fault("crash", "`kill -9` of the server under load, started again after 3 s", server.crash),
    Fault("refused", "the server is stopped: connection refused", server.refused),
    Fault("unreachable", "host unreachable (iptables)", server.unreachable),
    Fault(
        "unresolved",
        "the server's name does not resolve",
        server.unresolved,
        way="no such host",
        heals=False,
    ),
    Fault("too-many", "no connection left at the server (1040)", server.too_many),
    Fault("too-many-of-user", "three connections for the user (1203)", server.too_many_of_user),
    Fault("read-only", "`read_only=1` in mid-flight, for 1 s (1290)", server.read_only),
    Fault("frozen", "the server is stopped with SIGSTOP for 5 s", server.frozen),
    Fault("deaf", "the port accepts and never greets", server.deaf, way="proxy"),
    Fault("drip", "the greeting comes byte by byte", server.drip, way="proxy"),
    Fault(
        "password",
        "the password was changed, and old sessions ended",
        server.password,
        heals_within_seconds=7.0,  # a wrong password is not tried all the time
    ),
]

FAULTS = {fault.name: fault for fault in _ALL}
