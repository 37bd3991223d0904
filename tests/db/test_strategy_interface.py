"""The interface of strategies: four methods, or a subclass of `ConnectionStrategy`."""

import time

import pytest

from app.db import Checkout, ConfigError, ConnectionLost, ConnectionStrategy, Purpose
from app.db.strategy import load_strategy
from tests.db.pool import MAX_DELAY_SECONDS
from tests.db.relay import through
from tests.support.database import add, kill_all, opened, words
from tests.support.own_strategy import Stack

HERE = "tests.db.test_strategy_interface"


class Subclass(ConnectionStrategy):
    """Implements the four methods and records the purpose of each checkout."""

    purposes = ()
    ended_requests = 0
    invalidated = ()

    def __init__(self, connect, config):
        self._stack = Stack(connect, config)

    def acquire(self):
        return self._stack.acquire()

    def release(self, connection):
        self._stack.release(connection)

    def discard(self, connection):
        self._stack.discard(connection)

    def close(self):
        self._stack.close()


class WithHooks(Subclass):
    def checkout(self, purpose):
        self.purposes = (*self.purposes, purpose)
        return Checkout(self.acquire())

    def invalidate(self, checkout, error, *, in_transaction):
        self.invalidated = (*self.invalidated, (type(error), in_transaction))
        self.discard(checkout.connection)

    def end_request(self):
        self.ended_requests += 1

    def statistics(self):
        return {"ended_requests": self.ended_requests}


class HookWithoutBase(Stack):
    def end_request(self):
        pass


class Incomplete(ConnectionStrategy):
    """Lacks `discard` and `close`, which are abstract in the base class."""

    def __init__(self, connect, config):
        pass

    def acquire(self):
        return None

    def release(self, connection):
        pass


@pytest.fixture(params=["tests.support.own_strategy:Stack", f"{HERE}:Subclass"])
def db(request, url):
    """A `Database` on four methods without the base class, and with it."""
    with opened(url, db_strategy=request.param) as database:
        yield database


def test_four_methods_are_enough(db, root, url):
    with db.transaction() as tx:
        add(tx, "one")
    with pytest.raises(ConnectionLost), db.transaction() as tx:
        kill_all(root, url)
        add(tx, "lost")
    db.run_transaction(lambda tx: add(tx, "two"))

    assert words(root) == ["one", "two"]


def test_the_hooks_have_defaults(db):
    db.fetch_one("SELECT 1")
    db.end_request()

    assert db.statistics() == {"opened": 1}
    assert db.access_error() is None


def test_a_hook_without_the_base_class_is_rejected():
    name = f"{HERE}:HookWithoutBase"

    with pytest.raises(ConfigError) as caught:
        load_strategy(name)

    assert (caught.value.field, caught.value.value) == ("strategy", name)
    assert "has end_request and must inherit from ConnectionStrategy" in caught.value.allowed


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("tests.support.own_strategy:NoStrategy", "NoStrategy lacks release, discard, close"),
        ("tests.support.own_strategy:Nothing", "has no Nothing"),
        ("tests.no_such_module:Stack", "cannot import tests.no_such_module (ModuleNotFoundError"),
        ("adaptiv", "use one of adaptive, "),
    ],
)
def test_a_class_that_is_not_a_strategy_is_rejected(name, reason):
    with pytest.raises(ConfigError) as caught:
        load_strategy(name)

    assert caught.value.value == name
    assert reason in caught.value.allowed
    assert "package.module:Class with acquire, release, discard, close" in caught.value.allowed


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (f"{HERE}:Incomplete", "cannot be constructed (TypeError: Can't instantiate abstract"),
        ("tests.support.own_strategy:Unbuildable", "cannot be constructed (ZeroDivisionError"),
    ],
)
def test_a_class_that_cannot_be_constructed_is_rejected(name, reason, url):
    with pytest.raises(Exception, match="DB_STRATEGY") as caught, opened(url, db_strategy=name):
        pass

    assert reason in str(caught.value)


@pytest.fixture
def recording(url):
    with opened(url, db_strategy=f"{HERE}:WithHooks") as database:
        yield database


def purposes(db):
    return db.connections.strategy.purposes


def test_a_read_is_checked_out_for_reading(recording):
    recording.fetch_one("SELECT 1")

    assert purposes(recording) == (Purpose.READ,)


def test_a_transaction_is_checked_out_for_its_begin(recording):
    with recording.transaction():
        pass

    assert purposes(recording) == (Purpose.BEGIN,)


def test_a_connection_is_checked_out_for_what_its_first_statement_sends(recording):
    with recording.connection() as connection:
        connection.cursor().execute("SELECT 1")
    with recording.connection(autocommit=True) as connection:
        connection.cursor().execute("SELECT 1")

    assert purposes(recording) == (Purpose.BEGIN, Purpose.READ)


def test_a_lost_read_is_retried_with_that_purpose(recording, root, url):
    recording.fetch_one("SELECT 1")
    kill_all(root, url)

    recording.fetch_one("SELECT 2")

    assert purposes(recording) == (Purpose.READ, Purpose.READ, Purpose.RETRY)


def test_invalidate_receives_the_error_and_whether_a_transaction_was_open(recording, root, url):
    recording.fetch_one("SELECT 1")
    kill_all(root, url)
    recording.fetch_one("SELECT 2")
    with pytest.raises(ConnectionLost), recording.transaction() as tx:
        kill_all(root, url)
        add(tx, "lost")

    assert recording.connections.strategy.invalidated == (
        (ConnectionLost, False),
        (ConnectionLost, True),
    )


def test_end_request_and_statistics_reach_the_strategy(recording):
    recording.end_request()
    recording.end_request()

    assert recording.statistics() == {"opened": 0, "ended_requests": 2}


class BoundedFirstResponse(Subclass):
    """Declares that its connections are not verified."""

    def checkout(self, purpose):
        return Checkout(self.acquire(), first_response_seconds=0.3)


def test_the_first_response_of_an_unverified_connection_is_bounded(url, relay):
    with opened(through(relay, url), db_strategy=f"{HERE}:BoundedFirstResponse") as db:
        db.run_transaction(lambda tx: tx.fetch_one("SELECT 1"))
        relay.freeze()

        started = time.monotonic()
        with db.transaction() as tx:  # its BEGIN is retried on a new connection
            assert tx.fetch_one("SELECT 1 AS one") == {"one": 1}
        assert time.monotonic() - started < MAX_DELAY_SECONDS  # the read timeout is 30 seconds

    assert db.statistics()["retried_begin"] == 1
