"""A connection of the pool, what the server said of it, and until when it may be trusted."""

import random
from dataclasses import dataclass

from app.db.clock import Deadline, now
from app.db.connection import DriverConnection
from app.db.connector import Connector
from app.settings import Settings

# The server's own view of the client's address: ours may have been translated on the way.
INTRODUCTION = """
    SELECT me.id, @@wait_timeout, session.user, session.host
    FROM (SELECT CONNECTION_ID() AS id) AS me
    LEFT JOIN information_schema.processlist AS session ON session.id = me.id
"""


@dataclass(frozen=True, slots=True)
class Session:
    """Who a connection is at the server; without a user the server did not say."""

    connection_id: int
    user: str | None
    host: str | None


@dataclass(slots=True, eq=False)
class Kept:
    """A connection, its session, and its limits."""

    connection: DriverConnection
    session: Session
    generation: int
    retire_at: float
    idle_limit_seconds: float
    released_at: float = 0.0
    lent_at: float = 0.0
    # counted by its one holder, so without a lock
    looks: int = 0
    reuses: int = 0
    borrower: str = ""

    def is_too_old(self, moment: float) -> bool:
        """Tell whether its age, or its idle time, is beyond what the server bears."""
        return moment > self.retire_at or moment - self.released_at > self.idle_limit_seconds


class Opener:
    """Opens connections, and asks each of them once what it has to keep to."""

    def __init__(self, connect: Connector, settings: Settings) -> None:
        self._connect = connect
        self._recycle_seconds = settings.db_recycle_seconds or float("inf")
        self._proxy_limit_seconds = settings.db_proxy_idle_limit_seconds or float("inf")

    def open(self, deadline: Deadline, generation: int, *, dial_seconds: float) -> Kept:
        """Open one before the deadline; raises the driver's error."""
        connection = self._connect(deadline, dial_seconds=dial_seconds)
        try:
            with connection.answer_within(deadline.remaining()):
                cursor = connection.cursor()
                cursor.execute(INTRODUCTION)
                connection_id, wait_timeout_seconds, user, host = cursor.fetchone()
                cursor.close()
        except BaseException:
            connection.abandon()
            raise
        # Jitter: what was opened together need not be replaced together.
        jitter = random.uniform(0.9, 1.0)  # noqa: S311
        limit_seconds = min(wait_timeout_seconds, self._proxy_limit_seconds)
        return Kept(
            connection,
            Session(connection_id, user, host),
            generation,
            retire_at=connection.opened_at + self._recycle_seconds * jitter,
            idle_limit_seconds=idle_limit_seconds(limit_seconds) * jitter,
            released_at=now(),
        )


def idle_limit_seconds(limit_seconds: float) -> float:
    """Leave the server's limit a margin: a tenth of it, at least 1 and at most 30 seconds."""
    margin_seconds = min(max(limit_seconds / 10, 1), 30)
    return max(limit_seconds - margin_seconds, 0.5)
