"""Every fault: its name, how it is made, on which way and with which settings of the service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.faults import strikes
from tests.faults.stage import Stage, Way


@dataclass(frozen=True, slots=True)
class Fault:
    """One row. `settings` are the service's, beyond its defaults; `quick` hurries it for a test."""

    name: str
    how: str
    strike: Callable[[Stage], None]
    way: Way = "direct"
    settings: Mapping[str, object] = field(default_factory=dict)
    quick: Mapping[str, object] = field(default_factory=dict)
    heals: bool = True  # whether all is well again at its end
    heals_within_seconds: float = 3.0


_ALL = [
    Fault("none", "steady traffic, and no fault at all", strikes.none),
    # while idle
    Fault("idle-timeout", "5 s idle, and `wait_timeout` is 2 s", strikes.idle_timeout),
    Fault(
        "idle-proxy",
        "4 s idle, and HAProxy's `timeout client` and `server` are 2 s",
        strikes.idle_proxy,
        way="haproxy",
    ),
    Fault("killed-idle", "`KILL CONNECTION` of every connection", strikes.killed_idle),
    Fault("reset-idle", "RST on every flow, to both sides", strikes.reset_idle, way="proxy"),
    Fault(
        "farewell",
        "error packet 4031 and FIN on every flow, as MySQL 8.0.24 and later do when idle",
        strikes.farewell,
        way="proxy",
    ),
    Fault("restart-idle", "the server is restarted between two requests", strikes.restart_idle),
    Fault(
        "forgotten-flow",
        "a firewall drops every flow without a word (iptables), 1 s before it is used again",
        strikes.forgotten_flow,
    ),
    Fault(
        "forgotten-idle",
        "the same, and the flows stay idle until keepalive has given them up (a minute)",
        strikes.forgotten_idle,
        quick={"DB_KEEPALIVE_SECONDS": 3},
    ),
    Fault(
        "reset-on-reuse",
        "each flow answers its next packet with a RST, as NAT gateways do (iptables)",
        strikes.reset_on_reuse,
    ),
    Fault(
        "reply-lost",
        "what is sent arrives and runs, no answer comes back (iptables)",
        strikes.reply_lost,
    ),
    Fault(
        "fork",
        "connections were opened in gunicorn's master, before the fork",
        strikes.fork,
        settings={"CONNECT_BEFORE_FORK": "1"},
    ),
    Fault(
        "moved",
        "the address leads to another server, old flows are reset",
        strikes.moved,
        way="proxy",
    ),
    # in the middle
    Fault(
        "forgotten-mid-query",
        "a firewall drops the flows while a statement runs (`DB_READ_TIMEOUT_SECONDS=3`)",
        strikes.forgotten_mid_query,
        settings={"DB_READ_TIMEOUT_SECONDS": 3},
    ),
    Fault(
        "reply-cut", "a read runs, its answer is cut off, ten times", strikes.reply_cut, way="proxy"
    ),
    Fault(
        "ghost-write",
        "an INSERT times out in a black hole, and the path heals a second later",
        strikes.ghost_write,
        settings={"DB_READ_TIMEOUT_SECONDS": 1, "DB_TCP_USER_TIMEOUT_SECONDS": 30},
    ),
    Fault(
        "orphan-lock",
        "a unit that holds a row's lock vanishes in a black hole, and is run again",
        strikes.orphan_lock,
    ),
    Fault(
        "killed-in-transaction",
        "`KILL` between the two statements of a unit, every 0.4 s",
        strikes.killed_in_transaction,
    ),
    Fault(
        "commit-cut", "one in five answers to COMMIT never arrives", strikes.commit_cut, way="proxy"
    ),
    Fault("deadlock", "two units crosswise, twice (1213)", strikes.deadlock),
    Fault("lock-timeout", "another one holds the row's lock (1205)", strikes.lock_timeout),
    Fault("query-killed", "`KILL QUERY` of running reads (1317)", strikes.query_killed),
    Fault(
        "statement-timeout",
        "`max_statement_time`, MySQL's `max_execution_time` (1969, 3024)",
        strikes.statement_timeout,
    ),
    Fault(
        "idle-in-transaction",
        "a unit dawdles beyond `idle_transaction_timeout`",
        strikes.idle_in_transaction,
    ),
    Fault("too-big", "statements above `max_allowed_packet` (1153)", strikes.too_big),
    # the server
    Fault("restart-load", "the server is restarted under load", strikes.restart_load),
    Fault("crash", "`kill -9` of the server under load, started again after 3 s", strikes.crash),
    Fault("refused", "the server is stopped: connection refused", strikes.refused),
    Fault("unreachable", "host unreachable (iptables)", strikes.unreachable),
    Fault(
        "unresolved",
        "the server's name does not resolve",
        strikes.unresolved,
        way="no such host",
        heals=False,
    ),
    Fault("too-many", "no connection left at the server (1040)", strikes.too_many),
    Fault("too-many-of-user", "three connections for the user (1203)", strikes.too_many_of_user),
    Fault("read-only", "`read_only=1` in mid-flight, for 1 s (1290)", strikes.read_only),
    Fault("frozen", "the server is stopped with SIGSTOP for 5 s", strikes.frozen),
    Fault("deaf", "the port accepts and never greets", strikes.deaf, way="proxy"),
    Fault("drip", "the greeting comes byte by byte", strikes.drip, way="proxy"),
    Fault(
        "password",
        "the password was changed, and old sessions ended",
        strikes.password,
        heals_within_seconds=7.0,  # a wrong password is not tried all the time
    ),
]

FAULTS = {fault.name: fault for fault in _ALL}
