"""The default: as safe as a ping before every use, as cheap as none."""

from contextlib import suppress
from typing import Literal

from app.db.clock import Deadline, now
from app.db.connection import DriverConnection
from app.db.connector import DIAL_SECONDS, Connector
from app.db.death import Death, FoundBy, died_of, seen
from app.db.strategies.adaptive.gate import Gate
from app.db.strategies.adaptive.kept import Kept, Opener
from app.db.strategies.adaptive.leaks import Leaks
from app.db.strategies.adaptive.orphans import Orphans
from app.db.strategies.adaptive.places import Places
from app.db.strategies.adaptive.record import Record
from app.settings import Settings

# A ping has no reason to take longer on a server that is well.
ANSWER_WITHIN_SECONDS = 1.0
# What opening gets at least, after a long wait for a place: else a server that
# is well would look like one that is away.
LEAST_TO_OPEN_SECONDS = 1.0
# While the server is known to be away: often enough to be there when it comes back.
TRIAL_DIAL_SECONDS = 0.8

Purpose = Literal["read", "begin", "replay"]
RECYCLED = Death("age", "rule")
CONDEMNED = Death("generation", "rule", "opened before the whole generation was condemned")


class Adaptive:
    """At most DB_POOL_SIZE connections; the one used last is lent first.

    For everything, unless you know better. Each connection is looked at before
    it is lent: the kernel's own verdict, without a round trip. It is retired
    by age, and while idle before the server's `wait_timeout`, which is read
    when it is opened. Only one that was idle for longer than
    DB_PING_AFTER_IDLE_SECONDS is asked, by the BEGIN of its unit or by a ping,
    and has a second to answer. How one ended decides what else is condemned.
    Nothing is sent or awaited under a lock, and all that a caller may have to
    wait for is over within DB_CONNECT_TIMEOUT_SECONDS.
    """

    def __init__(self, connect: Connector, settings: Settings) -> None:
        self._driver_error: type[Exception] = connect.dbapi.Error
        self._opener = Opener(connect, settings)
        self._within_seconds = settings.db_connect_timeout_seconds
        self._ping_after_seconds = settings.db_ping_after_idle_seconds
        wait_seconds = min(settings.db_pool_timeout_seconds, self._within_seconds)
        self._gate = Gate(self._driver_error)
        self._places = Places(
            settings.pool_size,
            wait_seconds,
            on_wait=self._note_wait,
            is_in_vain=self._gate.is_stuck,
            # One thread is left to whoever needs no database.
            patient=settings.worker_threads - settings.pool_size - 1,
        )
        # append, pop and remove of a list, get and pop of a dictionary are atomic
        self._idle: list[Kept] = []
        self._lent: dict[int, Kept] = {}
        self._generation = 0
        self._orphans = Orphans()
        self._leaks = Leaks(settings.db_leak_report_seconds)
        self._record = Record()

    def acquire(self) -> DriverConnection:
        """Lend a connection for a read; one that was idle for long is pinged first."""
        return self._lend("read")

    def acquire_to_begin(self) -> DriverConnection:
        """Lend a connection whose first statement is BEGIN, which is as good as a ping."""
        return self._lend("begin")

    def acquire_to_replay(self) -> DriverConnection:
        """Lend a connection that is new or has just answered: what was lost is not lost again."""
        return self._lend("replay")

    def release(self, connection: DriverConnection) -> None:
        kept = self._take_back(connection)
        kept.released_at = now()
        if kept.generation == self._generation:
            self._idle.append(kept)
            self._trim(kept.released_at)
        else:
            self._retire(kept, CONDEMNED)
        self._places.give()

    def discard(self, connection: DriverConnection) -> None:
        self.discard_lost(connection, None, in_unit=False)

    def discard_lost(
        self, connection: DriverConnection, failure: BaseException | None, *, in_unit: bool
    ) -> None:
        """Take back one that failed; in a unit, the server may still hold locks for it."""
        kept = self._take_back(connection)
        if in_unit:
            self._orphans.add(kept.session)
        asked_by_begin = connection.first_answer_within_seconds is not None
        found_by: FoundBy = "unit" if in_unit else "ping" if asked_by_begin else "use"
        self._retire(kept, died_of(failure, found_by))
        self._places.give()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().connection.close()

    def refusal(self) -> Exception | None:
        """Give what the server said, if it refuses new connections for ever."""
        return self._gate.refusal()

    def statistics(self) -> dict[str, int]:
        """Count what was looked at, pinged and reused, and what ended by cause and by finder."""
        return self._record.as_dict(tuple(self._idle), tuple(self._lent.values()))

    def _lend(self, purpose: Purpose) -> DriverConnection:
        deadline = Deadline(self._within_seconds)
        self._places.take()
        try:
            kept = self._find(purpose, deadline)
            while self._orphans and not self._ends_orphans(kept):
                kept = self._find("replay", deadline)
        except BaseException:
            self._places.give()
            raise
        self._lent[id(kept.connection)] = kept
        if self._leaks.is_on:
            self._leaks.note(kept)
            self._leaks.report(tuple(self._lent.values()))
        return kept.connection

    def _note_wait(self) -> None:
        self._record.add("waited")
        self._leaks.report(tuple(self._lent.values()))

    def _take_back(self, connection: DriverConnection) -> Kept:
        kept = self._lent.pop(id(connection))
        if self._leaks.is_on:
            self._leaks.report([kept])
        return kept

    def _find(self, purpose: Purpose, deadline: Deadline) -> Kept:
        if kept := self._find_idle(purpose, deadline):
            return kept
        try:
            return self._open(deadline)
        except self._driver_error:
            # That may have taken seconds, and others have given theirs back.
            if kept := self._find_idle(purpose, Deadline(ANSWER_WITHIN_SECONDS)):
                return kept
            raise

    def _find_idle(self, purpose: Purpose, deadline: Deadline) -> Kept | None:
        while True:
            try:
                kept = self._idle.pop()
            except IndexError:
                return None
            if self._is_good(kept, purpose, deadline):
                kept.reuses += 1
                return kept

    def _is_good(self, kept: Kept, purpose: Purpose, deadline: Deadline) -> bool:
        kept.looks += 1
        if verdict := kept.connection.flow.look():
            self._retire(kept, seen(verdict))
        elif rule := self._rule_against(kept, deadline.set_at):
            self._retire(kept, rule)
        else:
            long_idle = deadline.set_at - kept.released_at > self._ping_after_seconds
            kept.connection.first_answer_within_seconds = (
                ANSWER_WITHIN_SECONDS if long_idle else None
            )
            is_to_ping = purpose == "replay" or (long_idle and purpose == "read")
            return not is_to_ping or self._answers(kept, deadline)
        return False

    def _rule_against(self, kept: Kept, moment: float) -> Death | None:
        if kept.generation != self._generation:
            return CONDEMNED
        return RECYCLED if kept.is_too_old(moment) else None

    def _answers(self, kept: Kept, deadline: Deadline) -> bool:
        self._record.add("pinged")
        try:
            with kept.connection.answer_within(min(ANSWER_WITHIN_SECONDS, deadline.remaining())):
                kept.connection.ping()
        except self._driver_error as error:
            self._retire(kept, died_of(error, "ping"))
            return False
        kept.connection.first_answer_within_seconds = None  # it has answered
        return True

    def _open(self, deadline: Deadline) -> Kept:
        generation = self._generation  # what is condemned from here on includes this one
        if deadline.remaining() < LEAST_TO_OPEN_SECONDS:
            deadline = Deadline(LEAST_TO_OPEN_SECONDS)
        with self._gate.passing() as is_trial:
            dial_seconds = TRIAL_DIAL_SECONDS if is_trial else DIAL_SECONDS
            return self._opener.open(deadline, generation, dial_seconds=dial_seconds)

    def _ends_orphans(self, kept: Kept) -> bool:
        try:
            with kept.connection.answer_within(ANSWER_WITHIN_SECONDS):
                self._record.add("orphans_ended", self._orphans.end(kept.connection))
        except self._driver_error as error:
            self._retire(kept, died_of(error, "use"))
            return False
        return True

    def _retire(self, kept: Kept, death: Death) -> None:
        self._record.retired(kept, death)
        if death is RECYCLED:
            kept.connection.close()
        else:
            kept.connection.abandon()
            self._condemn_others(kept, death)

    def _condemn_others(self, kept: Kept, death: Death) -> None:
        extent = death.condemns
        if extent == "itself" or kept.generation != self._generation:
            return
        # One that failed on its first loan says nothing of those that came before it,
        # unless it is the network itself that died.
        if kept.looks == 0 and death.cause != "timed_out":
            return
        if extent == "generation":
            self._generation += 1
        else:
            self._retire_idle_since(kept.released_at, death)

    def _retire_idle_since(self, moment: float, death: Death) -> None:
        """Retire what was idle for as long as the one that died of it.

        To find out for each of them could cost a second each.
        """
        others = Death(death.cause, "rule", "idle for as long as one that died of it")
        with suppress(IndexError, ValueError):  # others take from the list at the same time
            while (longest := self._idle[0]).released_at <= moment:
                self._idle.remove(longest)
                self._retire(longest, others)

    def _trim(self, moment: float) -> None:
        """Retire the one that is idle for longest, where a rule says so: it may never be lent."""
        try:
            longest = self._idle[0]
            if rule := self._rule_against(longest, moment):
                self._idle.remove(longest)
                self._retire(longest, rule)
        except (IndexError, ValueError):
            return  # others take from the list at the same time
