"""A connection in the pool, its session at the server, and its limits."""

import random
from dataclasses import dataclass

from ...clock import Deadline, now
from ...config import DatabaseConfig
from ...connection import DriverConnection
from ...connector import Connector
from ...pool_snapshot import OpenConnection
from .session import Session, read_session


@dataclass(slots=True, eq=False)
class PoolEntry:
    """A connection, its session, and its limits."""

    connection: DriverConnection
    session: Session
    epoch: int
    expires_at: float
    max_idle_seconds: float
    checked_in_at: float = 0.0
    checked_out_at: float = 0.0
    # Counted by the only thread that has the entry, so without a lock.
    liveness_checks: int = 0
    reuses: int = 0
    checkout_stack: str = ""

    def is_expired(self, moment: float) -> bool:
        """Return whether its age or its idle time exceeds the limit."""
        return moment > self.expires_at or moment - self.checked_in_at > self.max_idle_seconds

    def describe(self, *, is_checked_out: bool) -> OpenConnection:
        """Return its part of a `PoolSnapshot`."""
        return OpenConnection(
            self.session.connection_id,
            is_checked_out,
            self.connection.opened_at,
            self.checked_out_at if is_checked_out else self.checked_in_at,
        )


class EntryFactory:
    """Opens connections and reads the server's limits for each of them once."""

    def __init__(self, connect: Connector, config: DatabaseConfig) -> None:
        self._connect = connect
        self._is_causal = config.read_consistency == "causal"
        self._recycle_seconds = config.recycle_seconds or float("inf")
        self._proxy_limit_seconds = config.proxy_idle_limit_seconds or float("inf")

    def open(self, deadline: Deadline, epoch: int, *, address_timeout_seconds: float) -> PoolEntry:
        """Open a connection before the deadline; raises the driver's error."""
        connection = self._connect(deadline, address_timeout_seconds=address_timeout_seconds)
        try:
            with self._connect.connecting(), connection.response_deadline(deadline.remaining()):
                session, wait_timeout_seconds = read_session(connection, is_causal=self._is_causal)
        except BaseException:
            connection.abort()
            raise
        # Jitter: connections opened together are not replaced together.
        jitter = random.uniform(0.9, 1.0)  # noqa: S311
        limit_seconds = min(wait_timeout_seconds, self._proxy_limit_seconds)
        return PoolEntry(
            connection,
            session,
            epoch,
            expires_at=connection.opened_at + self._recycle_seconds * jitter,
            max_idle_seconds=max_idle_seconds(limit_seconds) * jitter,
            checked_in_at=now(),
        )


def max_idle_seconds(limit_seconds: float) -> float:
    """Return the limit minus a margin: a tenth of it, at least 1 and at most 30 s."""
    margin_seconds = min(max(limit_seconds / 10, 1), 30)
    return max(limit_seconds - margin_seconds, 0.5)
