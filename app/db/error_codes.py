"""The error numbers of MySQL, MariaDB and the proxies in front of them, and what each one means.

Sources: MySQL 9.7 "Server Error Message Reference" and "Client Error Message Reference", MariaDB
"Error Codes", ProxySQL's `enum PROXYSQL_MYSQL_ERR`, Amazon RDS "Troubleshooting for RDS Proxy",
and Group Replication and Galera where named below. A number in no group is `REJECTED`. From 3000
on, MySQL and MariaDB use different numbers, and some numbers have a different meaning in each.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What an error says about the statement; `errors` maps each kind to a class."""

    NOT_EXECUTED = auto()  # the connection was lost before the statement reached the server
    LOST = auto()  # the connection was lost; the statement may have been executed
    NOT_READY = auto()  # this server rejects all statements; another one may accept them
    UNAVAILABLE = auto()
    READ_ONLY = auto()
    ACCESS_DENIED = auto()
    CONFLICT = auto()
    INTERRUPTED = auto()
    TIMED_OUT = auto()
    STORAGE = auto()  # the server cannot write its files
    TABLE_MISSING = auto()
    KEYS_EXHAUSTED = auto()  # AUTO_INCREMENT has reached the maximum of its column
    DUPLICATE_KEY = auto()
    MISSING_REFERENCE = auto()
    STILL_REFERENCED = auto()
    CHECK_VIOLATED = auto()
    INVALID_VALUE = auto()
    REJECTED = auto()  # a mistake in the statement, or in the configuration of the server


@dataclass(frozen=True, slots=True)
class Group:
    """Numbers of one kind; `keeps_connection` is false if the connection must be closed."""

    kind: Kind
    keeps_connection: bool
    codes: tuple[int, ...]


GROUPS = (
    # PyMySQL raises 2006 only if sending failed; mysqlclient also raises it, with an empty text, on
    # a connection that it closed earlier. 0 is PyMySQL's InterfaceError for the latter case. The
    # server sends 4031 (idle for wait_timeout; MySQL 8.0.24) before the statement arrives.
    Group(Kind.NOT_EXECUTED, False, (0, 2006, 4031)),
    # Client: lost, out of sync, malformed packet, shared memory abandoned, lost with details.
    Group(Kind.LOST, False, (2013, 2014, 2027, 2045, 2055)),
    # Server: shutdown, aborted, network errors 1154 to 1161, killed (1927 MariaDB, 3169 MySQL).
    Group(
        Kind.LOST,
        False,
        (1053, 1152, 1154, 1156, 1157, 1158, 1159, 1160, 1161, 1184, 1927, 3169),
    ),
    # 1047: "WSREP has not yet prepared node for application use", a Galera node that joins or has
    # left the cluster. 3032: offline_mode. 4094: group_replication_set_as_primary() is running.
    Group(Kind.NOT_READY, False, (1047, 3032, 4094)),
    # Group Replication: its hooks (3100), a member in the wrong state for
    # group_replication_consistency, and the wait that it requires before a statement.
    Group(Kind.NOT_READY, False, (3100, 3796, 3797, 3798)),
    # No connection to the server: socket, host, name, handshake; MaxScale sends 2003 in a session.
    Group(Kind.UNAVAILABLE, False, (2001, 2002, 2003, 2004, 2005, 2012)),
    # The server opens no connection: limits, blocked or unknown host, handshake, socket.
    # RDS Proxy sends 1040 for its rate limits.
    Group(Kind.UNAVAILABLE, False, (1040, 1042, 1043, 1081, 1129, 1203)),
    # ProxySQL has no backend connection: timeout, failures, offline, lagging, ping, change user,
    # and the checks of its monitor.
    Group(
        Kind.UNAVAILABLE,
        False,
        (9001, 9002, *range(9004, 9021)),
    ),
    # RDS Proxy: timed out waiting to acquire a database connection.
    Group(Kind.UNAVAILABLE, False, (9501,)),
    # "Unknown error": RDS Proxy, ProxySQL and Vitess use it for a backend that failed.
    Group(Kind.UNAVAILABLE, False, (1105,)),
    # A commit or rollback that failed at the storage engine or in the cluster (1180 on a node that
    # was partitioned).
    Group(Kind.UNAVAILABLE, False, (1180, 1181, 1183)),
    # MySQL closes a connection that exceeds a memory limit.
    Group(Kind.UNAVAILABLE, False, (4081, 4082)),
    # Disk or table space full (1021, 1114), files that cannot be created or written (1004, 1026,
    # 1878), any error of the storage engine (1030, whose text has the number: 28 is a full disk),
    # and the servers' file library, which has numbers of its own (mysys_err.h): cannot create,
    # error writing, disk full.
    Group(Kind.STORAGE, True, (1, 3, 20, 1004, 1021, 1026, 1030, 1114, 1878)),
    # Memory, threads, files: another statement on this connection may succeed.
    Group(
        Kind.UNAVAILABLE,
        True,
        (1037, 1038, 1041, 1135, 1257, 1461, 3015, 3044, 3950, 3985),
    ),
    Group(
        Kind.UNAVAILABLE,
        True,
        (1015, 1016, 1017, 1023, 1024, 1587),
    ),
    # Storage engine: no lock or transaction left (1206, 1637), max_queries_per_hour (1226).
    Group(Kind.UNAVAILABLE, True, (1206, 1226, 1296, 1637)),
    # Federated tables; crashed or missing table spaces and indexes.
    Group(
        Kind.UNAVAILABLE,
        True,
        (1034, 1035, 1194, 1195, 1429, 1430, 1712, 1812, 1814, 1877, 1932),
    ),
    # READ ONLY transaction, InnoDB read-only (1036, 1836, 1874), innodb_force_recovery (1881),
    # ALTER SCHEMA ... READ ONLY (3989). See also `BY_TEXT`.
    Group(Kind.READ_ONLY, False, (1036, 1792, 1836, 1874, 1881, 3989)),
    # User, password, host or database.
    Group(Kind.ACCESS_DENIED, False, (1044, 1045, 1049, 1130, 1698, 1873, 3879)),
    # Password expired; account locked (3118 MySQL, 4151 MariaDB) or blocked (3955, 4150).
    Group(Kind.ACCESS_DENIED, False, (1820, 1862, 3118, 3955, 4150, 4151)),
    # TLS required or failed; authentication plugins and protocol versions.
    Group(Kind.ACCESS_DENIED, False, (2026, 3159)),
    Group(
        Kind.ACCESS_DENIED,
        False,
        (1251, 1275, 1524, 2049, 2054, 2059, 2061),
    ),
    # Deadlock, lock wait timeout (rows and metadata), NOWAIT, lock aborted or not granted; locks
    # of GET_LOCK and the locking service.
    Group(Kind.CONFLICT, True, (1205, 1213, 1689, 3058, 3132, 3133, 3177, 3572)),
    # Snapshot isolation (MariaDB: innodb_snapshot_isolation), rollback by a plugin, by Group
    # Replication or MyRocks; XA: rolled back, retry later.
    Group(Kind.CONFLICT, True, (1020, 1402, 1613, 1614, 3101, 3197, 4060)),
    # The table's definition changed, statement to be prepared again, temporary engine error.
    Group(Kind.CONFLICT, True, (1297, 1412, 1615)),
    # KILL QUERY, sort aborted.
    Group(Kind.INTERRUPTED, True, (1028, 1317)),
    # max_statement_time (MariaDB), max_execution_time (MySQL).
    Group(Kind.TIMED_OUT, True, (1969, 3024)),
    Group(Kind.TABLE_MISSING, True, (1146,)),
    # MariaDB: 167 with the column; MySQL: 1467, and 1062 with the maximum itself (`group_of`).
    Group(Kind.KEYS_EXHAUSTED, True, (167, 1467)),
    Group(Kind.DUPLICATE_KEY, True, (1022, 1062, 1169, 1557, 1586, 1761, 1762, 1859)),
    Group(Kind.MISSING_REFERENCE, True, (1216, 1452)),
    Group(Kind.STILL_REFERENCED, True, (1217, 1451)),
    # 1369 is a view's CHECK OPTION, 3819 a constraint in MySQL, 4025 in MariaDB.
    Group(Kind.CHECK_VIOLATED, True, (1369, 3819, 4025)),
    Group(
        Kind.INVALID_VALUE,
        True,
        (1048, 1264, 1265, 1292, 1366, 1367, 1406, 1411, 1416, 1441, 1526, 1690, 3140, 3854),
    ),
    # The server closes the connection after a packet larger than max_allowed_packet.
    Group(Kind.INVALID_VALUE, False, (1153,)),
    Group(Kind.REJECTED, False, (2020,)),  # the response was larger than the client accepts
    # 1290 is any server option, --read-only among them; 9003 is a command ProxySQL does not know.
    Group(Kind.REJECTED, True, (1290, 9003)),
    # Missing privileges, unknown tables and columns, syntax, and the prepared transaction's state.
    Group(Kind.REJECTED, True, (1046, 1054, 1064, 1142, 1143, 1227, 1364, 1370, 1568, 1644)),
)

BY_CODE = {code: group for group in GROUPS for code in group.codes}

_READ_ONLY = Group(Kind.READ_ONLY, False, ())
_REJECTED = Group(Kind.REJECTED, True, ())
_KEYS_EXHAUSTED = Group(Kind.KEYS_EXHAUSTED, True, ())

# Numbers with a second meaning: 1290 names the option, 1015 contains the storage engine's error
# 165, "Table is read only", with innodb_read_only.
BY_TEXT = {1290: ("read-only", _READ_ONLY), 1015: ("read only", _READ_ONLY)}

# MySQL allocates the maximum of SMALLINT, MEDIUMINT, INT and signed BIGINT again and again
# ("InnoDB AUTO_INCREMENT Counter Initialization"). TINYINT is left out: 127 and 255 are common
# keys, and a duplicate of one that a client chose must remain a duplicate.
_MAXIMUM_IN_USE = re.compile(
    r"Duplicate entry '(?:32767|65535|8388607|16777215|2147483647|4294967295"
    r"|9223372036854775807)'"
    r" for key '(?:\w+\.)?PRIMARY'"
)

# After these errors a COMMIT was rolled back: deadlock in the cluster's certification (Galera),
# lock wait timeout before the commit (FLUSH TABLES WITH READ LOCK), rollback by a plugin (Group
# Replication), and a server that became read-only. InnoDB has no deferred constraints. After any
# other error, such as 1180 from a partitioned Galera node, it may be stored.
ROLLED_BACK_AT_COMMIT = frozenset({1205, 1213, 1290, 1792, 1836, 3101})


def group_of(code: int, text: str) -> Group:
    """Return the group of an error, by its number and in three cases its text."""
    if code == 1062 and _MAXIMUM_IN_USE.search(text):
        return _KEYS_EXHAUSTED
    if code in BY_TEXT and BY_TEXT[code][0] in text:
        return BY_TEXT[code][1]
    return BY_CODE.get(code, _REJECTED)
