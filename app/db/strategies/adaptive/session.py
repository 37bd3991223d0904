"""A connection's session at the server, and how another connection recognizes it.

A connection id alone is not enough: ids start again at low numbers after a restart, each server
behind one address has its own, and over a unix socket the host of every client is `localhost`.
"""

from dataclasses import dataclass

from ...connection import DriverConnection

# The client's address as the server sees it: NAT may have translated ours. MariaDB has no
# server_uuid, and skips comments of 50700 and higher ("Comment Syntax" in its manual). Nodes of a
# Galera cluster often have the same port and server_id, and machines made from one image the same
# host name. The name and the address of a node differ; a MariaDB without Galera has no such
# variables.
SESSION_QUERY = """
    SELECT me.id, session.user, session.host, UNIX_TIMESTAMP(), @@wait_timeout, VERSION(),
        CONCAT_WS(' ', @@hostname, @@port, @@server_id
            /*!50700 , @@server_uuid */
            /*M!100100 , (SELECT GROUP_CONCAT(global_value ORDER BY variable_name)
                FROM information_schema.system_variables
                WHERE variable_name IN ('wsrep_node_address', 'wsrep_node_name')) */)
    FROM (SELECT CONNECTION_ID() AS id) AS me
    LEFT JOIN information_schema.processlist AS session ON session.id = me.id
"""
# With wsrep_sync_wait, even a query of information_schema waits for the cluster (Group Replication
# excludes it from the wait).
WITHOUT_WAIT = "/*M!100101 SET STATEMENT wsrep_sync_wait = 0 FOR */"
# The greeting of the protocol has 4 bytes for the id (page_protocol_connection_phase_packets).
GREETING_IDS = 2**32


@dataclass(frozen=True, slots=True)
class Session:
    """A connection's session at the server.

    `server` identifies the server, `opened_at` is the server's own clock in whole seconds.
    `is_direct` is false if the greeting had another id or version than the server: then it came
    from a proxy, which shares the server's sessions between its clients. `user` is None if the
    server does not show it. With `is_causal`, its queries wait for the cluster.
    """

    connection_id: int
    user: str | None
    host: str | None
    opened_at: int
    server: str
    is_direct: bool
    is_causal: bool = False

    @property
    def is_recognizable(self) -> bool:
        """Return whether another connection can find this session and no other."""
        return self.is_direct and bool(self.user and self.host)

    @property
    def is_over_tcp(self) -> bool:
        """Return whether the server shows a port for the client; on a unix socket it has none."""
        return ":" in (self.host or "")


def without_wait(query: str, *, is_causal: bool) -> str:
    """Return a query that does not wait for the cluster."""
    return f"{WITHOUT_WAIT}{query}" if is_causal else query


def read_session(connection: DriverConnection, *, is_causal: bool) -> tuple[Session, float]:
    """Return the connection's session and its `wait_timeout` in seconds, with one query."""
    cursor = connection.cursor()
    cursor.execute(without_wait(SESSION_QUERY, is_causal=is_causal))
    connection_id, user, host, opened_at, wait_timeout_seconds, version, server = cursor.fetchone()
    cursor.close()
    # An older MariaDB puts "5.5.5-" in front of the version in its greeting.
    is_direct = connection.thread_id() == connection_id % GREETING_IDS and (
        connection.get_server_info().endswith(version)
    )
    session = Session(connection_id, user, host, opened_at, server, is_direct, is_causal)
    return session, wait_timeout_seconds
