"""The default: as safe as a ping before every use, as cheap as none."""

import logging
import random
from contextlib import suppress
from dataclasses import dataclass
from threading import BoundedSemaphore

from app.db.clock import now
from app.db.connection import DriverConnection
from app.db.connector import Connector
from app.db.counters import Counters
from app.settings import Settings

log = logging.getLogger(__name__)

# A ping has no reason to take longer on a server that is well.
ANSWER_WITHIN_SECONDS = 1.0
READ_LIMITS = "SELECT CONNECTION_ID(), @@wait_timeout"


@dataclass(slots=True)
class Kept:
    """A connection of the pool, and until when it may be trusted."""

    connection: DriverConnection
    connection_id: int
    retire_at: float
    idle_limit_seconds: float
    released_at: float = 0.0


class Adaptive:
    """At most DB_POOL_SIZE connections; the one used last is lent first.

    For everything, unless you know better. Each connection is looked at before
    it is lent: the kernel's own verdict, without a round trip. It is retired
    by age, and while idle before the server's `wait_timeout`, which is read
    when it is opened. Only one that was idle for longer than
    DB_PING_AFTER_IDLE_SECONDS is asked, by the BEGIN of its unit or by a ping,
    and has a second to answer. Nothing is sent or awaited under a lock.
    """

    def __init__(self, connect: Connector, settings: Settings) -> None:
        self._connect = connect
        self._slots = BoundedSemaphore(settings.pool_size)
        self._wait_seconds = settings.db_pool_timeout_seconds
        self._recycle_seconds = settings.db_recycle_seconds or float("inf")
        self._ping_after_seconds = settings.db_ping_after_idle_seconds
        # append and pop of a list, get and pop of a dictionary are atomic
        self._idle: list[Kept] = []
        self._lent: dict[int, Kept] = {}
        self._counters = Counters()

    def acquire(self) -> DriverConnection:
        """Lend a connection for a read; one that was idle for long is pinged first."""
        return self._lend(ping=True)

    def acquire_to_begin(self) -> DriverConnection:
        """Lend a connection whose first statement is BEGIN, which is as good as a ping."""
        return self._lend(ping=False)

    def release(self, connection: DriverConnection) -> None:
        kept = self._lent.pop(id(connection))
        kept.released_at = now()
        self._idle.append(kept)
        self._slots.release()

    def discard(self, connection: DriverConnection) -> None:
        kept = self._lent.pop(id(connection))
        self._slots.release()
        self._retire(kept, "statement")

    def close(self) -> None:
        while self._idle:
            self._idle.pop().connection.close()

    def statistics(self) -> dict[str, int]:
        """Count what was looked at, pinged and opened, and what was retired by cause."""
        return {**self._counters.as_dict(), "idle": len(self._idle), "lent": len(self._lent)}

    def _lend(self, *, ping: bool) -> DriverConnection:
        if not self._slots.acquire(timeout=self._wait_seconds):
            raise TimeoutError(f"every pooled connection stayed busy for {self._wait_seconds:g} s")
        try:
            kept = self._find_good(ping=ping) or self._open()
        except BaseException:
            self._slots.release()
            raise
        self._lent[id(kept.connection)] = kept
        return kept.connection

    def _find_good(self, *, ping: bool) -> Kept | None:
        while True:
            try:
                kept = self._idle.pop()
            except IndexError:
                return None
            if self._is_good(kept, ping=ping):
                return kept

    def _is_good(self, kept: Kept, *, ping: bool) -> bool:
        idle_seconds = now() - kept.released_at
        self._counters.add("looked_at")
        if verdict := kept.connection.flow.look():
            self._retire(kept, verdict.cause, verdict.detail)
        elif now() > kept.retire_at or idle_seconds > kept.idle_limit_seconds:
            self._counters.add("retired_age")
            kept.connection.close()
        else:
            long_idle = idle_seconds > self._ping_after_seconds
            kept.connection.first_answer_within_seconds = (
                ANSWER_WITHIN_SECONDS if long_idle else None
            )
            return not (long_idle and ping) or self._answers(kept)
        return False

    def _answers(self, kept: Kept) -> bool:
        self._counters.add("pinged")
        try:
            with kept.connection.answer_within(ANSWER_WITHIN_SECONDS):
                kept.connection.ping()
        except self._connect.dbapi.Error as error:
            self._retire(kept, "ping", str(error))
            self._retire_older_than(kept)
            return False
        return True

    def _retire_older_than(self, silent: Kept) -> None:
        """Retire what was idle for even longer than one that did not answer.

        Whatever forgot that flow has forgotten these, too; to ask each of
        them would cost a second each. The longest idle one stands first.
        """
        with suppress(IndexError):  # others take from the list at the same time
            while self._idle[0].released_at <= silent.released_at:
                longest = self._idle.pop(0)
                self._retire(longest, "ping", "idle for longer than one that did not answer")

    def _open(self) -> Kept:
        connection = self._connect()
        try:
            with connection.answer_within(ANSWER_WITHIN_SECONDS):
                cursor = connection.cursor()
                cursor.execute(READ_LIMITS)
                connection_id, wait_timeout_seconds = cursor.fetchone()
                cursor.close()
        except BaseException:
            connection.abandon()
            raise
        # Jitter: what was opened together need not be replaced together.
        jitter = random.uniform(0.9, 1.0)  # noqa: S311
        return Kept(
            connection,
            connection_id,
            retire_at=connection.opened_at + self._recycle_seconds * jitter,
            idle_limit_seconds=idle_limit_seconds(wait_timeout_seconds) * jitter,
        )

    def _retire(self, kept: Kept, cause: str, detail: str = "") -> None:
        self._counters.add(f"retired_{cause}")
        log.warning(
            "connection %d retired: cause=%s age=%.1fs %s",
            kept.connection_id,
            cause,
            now() - kept.connection.opened_at,
            detail,
        )
        kept.connection.abandon()


def idle_limit_seconds(wait_timeout_seconds: float) -> float:
    """Leave the server's limit a margin: a tenth of it, at least 1 and at most 30 seconds."""
    margin_seconds = min(max(wait_timeout_seconds / 10, 1), 30)
    return max(wait_timeout_seconds - margin_seconds, 0.5)
