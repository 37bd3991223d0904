"""`adaptive` during a short outage: callers that need a new connection wait for the server."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from app.db.errors import AccessDenied, DatabaseUnavailable, PoolExhausted
from app.db.strategies.adaptive import circuit_breaker
from app.db.strategy import Purpose
from tests.db.pool import MAX_DELAY_SECONDS
from tests.db.relay import through
from tests.db.test_circuit_breaker import fail, read
from tests.db.test_concurrency import hold_at_once, settles
from tests.db.test_sockets import seconds_until_it_fails
from tests.support.database import opened, query
from tests.support.server import start_server
from tests.support.service import free_port

ONE = {"one": 1}
DRIVERS = ["pymysql", "mysqlclient"]


def waited(db):
    """Return how many callers have waited for the server."""
    return db.statistics().get("waited_for_server", 0)


@pytest.fixture
def threads():
    with ThreadPoolExecutor(16) as pool:
        yield pool


@pytest.mark.parametrize("driver", DRIVERS)
def test_callers_wait_while_a_proxy_closes_each_connection(driver, url, relay, threads):
    relay.rejects_clients = True
    with opened(through(relay, url), db_driver=driver) as db:
        waiting = [threads.submit(read, db) for _ in range(4)]
        assert settles(lambda: waited(db) == 4)
        relay.rejects_clients = False

        assert [one.result(timeout=20) for one in waiting] == [ONE] * 4


@pytest.fixture(scope="module")
def mortal_server():
    with start_server() as running:
        yield running


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("purpose", [Purpose.READ, Purpose.BEGIN, Purpose.RETRY])
def test_callers_wait_for_a_server_that_crashed(driver, purpose, mortal_server, threads):
    with opened(
        mortal_server.create_database(),
        db_driver=driver,
        db_outage_patience_seconds=60,
        db_connect_timeout_seconds=60,
        db_pool_timeout_seconds=60,
    ) as db:
        hold_at_once(db)
        mortal_server.kill()
        waiting = [threads.submit(db.connections.checkout, purpose) for _ in range(4)]
        assert settles(lambda: waited(db) == 4)
        mortal_server.start()

        for one in waiting:
            db.connections.checkin(one.result(timeout=60))


def test_waiting_callers_make_one_trial_at_a_time(url, relay, threads):
    relay.is_silent = True
    settings = {"db_connect_timeout_seconds": 2, "db_outage_patience_seconds": 60}
    with opened(through(relay, url), **settings) as db:
        fail(db)
        before = relay.accepted
        waiting = [threads.submit(fail, db) for _ in range(8)]
        assert settles(lambda: waited(db) >= 1 + 7)  # all but the one that makes the trial

        assert relay.accepted <= before + 1
        assert {type(one.result(timeout=30)) for one in waiting} == {DatabaseUnavailable}


def test_callers_fail_at_once_when_the_patience_is_over(url, relay):
    relay.rejects_clients = True
    with opened(through(relay, url), db_outage_patience_seconds=0.5) as db:
        fail(db)
        assert waited(db) == 1

        for _ in range(20):
            fail(db)
        assert waited(db) == 1


def test_the_patience_is_measured_from_the_moment_the_circuit_opened(url, relay, threads):
    relay.rejects_clients = True
    with opened(through(relay, url), db_outage_patience_seconds=4) as db:
        first = threads.submit(fail, db)
        assert settles(lambda: waited(db) == 1)
        time.sleep(3)

        assert seconds_until_it_fails(db, read) < 3
        first.result(timeout=20)


def test_the_patience_ends_with_the_connect_timeout_of_a_caller():
    settings = {"db_connect_timeout_seconds": 0.5, "db_outage_patience_seconds": 300}
    with opened(f"mysql://app:secret@127.0.0.1:{free_port()}/students", **settings) as db:
        assert seconds_until_it_fails(db, read) < MAX_DELAY_SECONDS
        assert waited(db) == 1


def test_no_caller_waits_without_patience(url, relay):
    relay.rejects_clients = True
    with opened(through(relay, url), db_outage_patience_seconds=0) as db:
        for _ in range(3):
            fail(db)

        assert waited(db) == 0


@pytest.fixture
def account(server, root):
    """A function that returns the URL of an account with a limited number of connections."""
    urls = []

    def create(limit):
        urls.append(server.create_database(user="limited"))
        query(root, f"ALTER USER limited@'%' WITH MAX_USER_CONNECTIONS {limit}")
        return urls[0]

    yield create
    query(root, "DROP USER limited@'%'")
    (server.folder / "limited_password").unlink()


def test_nobody_waits_if_the_server_denies_access(account, root, threads):
    with opened(account(0)) as db:
        query(root, "ALTER USER limited@'%' IDENTIFIED BY 'another'")
        failures = list(threads.map(fail, [db] * 50))

        assert {type(failure) for failure in failures} == {AccessDenied}
        assert waited(db) == 0


def test_a_connection_that_is_returned_serves_a_waiting_caller(account, threads, monkeypatch):
    for name in ("FIRST_DELAY_SECONDS", "MAX_DELAY_SECONDS"):  # no trial wakes the caller
        monkeypatch.setattr(circuit_breaker, name, 60)
    settings = {"db_outage_patience_seconds": 60, "db_connect_timeout_seconds": 60}
    with opened(account(1), **settings) as db:
        with db.transaction():
            waiting = threads.submit(read, db)
            assert settles(lambda: waited(db) == 1)

        assert waiting.result(timeout=20) == ONE
        assert db.statistics()["opened"] == 1


def test_callers_wait_until_another_client_frees_a_connection(account, threads):
    url = account(1)
    with opened(url) as db, opened(url) as other:
        read(other)
        waiting = threads.submit(read, db)
        assert settles(lambda: waited(db) == 1)
        other.close()

        assert waiting.result(timeout=20) == ONE


def test_a_user_limit_below_the_pool_size_fails_no_caller(account, threads):
    """The patience is over long before the last read: returned connections renew it."""
    start = Barrier(11)

    def work(db):
        start.wait()
        return [db.fetch_one("SELECT SLEEP(0.1) AS slept") for _ in range(5)]

    settings = {
        "threads": 8,
        "db_outage_patience_seconds": 1,
        "db_pool_timeout_seconds": 60,
        "db_connect_timeout_seconds": 60,
    }
    with opened(account(2), **settings) as db:
        results = list(threads.map(work, [db] * 11))

        assert results == [[{"slept": 0}] * 5] * 11
        assert waited(db) > 0


def test_one_thread_stays_free_while_callers_wait_for_the_server(url, relay, threads):
    """One slot, three waiting callers for it; the fifth caller is rejected at once."""
    relay.rejects_clients = True
    with opened(through(relay, url), threads=1) as db:
        waiting = [threads.submit(read, db)]
        assert settles(lambda: waited(db) == 1)
        waiting += [threads.submit(read, db) for _ in range(3)]
        assert settles(lambda: db.statistics()["waited"] == 3)
        assert isinstance(fail(db), PoolExhausted)
        assert not any(one.done() for one in waiting)
        relay.rejects_clients = False

        assert [one.result(timeout=20) for one in waiting] == [ONE] * 4


def test_a_probe_does_not_wait_and_takes_no_slot_during_an_outage(url, relay, threads):
    relay.rejects_clients = True
    with opened(through(relay, url), threads=1, db_outage_patience_seconds=60) as db:
        waiting = threads.submit(read, db)
        assert settles(lambda: waited(db) == 1)

        with pytest.raises(DatabaseUnavailable):
            db.connections.checkout(Purpose.PROBE)
        assert not waiting.done()
        relay.rejects_clients = False
        assert waiting.result(timeout=20) == ONE


def test_a_probe_ends_an_outage_without_other_callers(url, relay):
    relay.rejects_clients = True
    with opened(through(relay, url), db_outage_patience_seconds=0) as db:
        fail(db)
        relay.rejects_clients = False
        time.sleep(1)  # until a trial is due

        tx = db.connections.checkout(Purpose.PROBE)

        db.connections.checkin(tx)
        assert db.statistics()["idle"] == 1


def test_a_probe_uses_a_pooled_connection_while_new_ones_are_refused(account, threads):
    with opened(account(1), db_outage_patience_seconds=0) as db:
        with db.transaction():
            threads.submit(fail, db).result(timeout=20)

        db.connections.checkin(db.connections.checkout(Purpose.PROBE))

        assert db.statistics()["opened"] == 1
