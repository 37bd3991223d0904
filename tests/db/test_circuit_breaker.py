"""`adaptive` while no connection can be opened: the circuit breaker, without waiting callers.

`test_outage_patience.py` tests the waiting.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from itertools import count
from statistics import median

import pytest
from pymysql.err import OperationalError

from app.db.errors import AccessDenied, DatabaseUnavailable, PoolExhausted
from app.db.strategies.adaptive import circuit_breaker
from app.db.strategies.adaptive.circuit_breaker import CircuitBreaker
from tests.db.pool import MAX_DELAY_SECONDS
from tests.db.relay import through
from tests.db.test_concurrency import hold_at_once, settles
from tests.db.test_outcomes import is_answered
from tests.db.test_sockets import seconds_until_it_fails
from tests.support.database import opened as opened_with_defaults
from tests.support.database import query
from tests.support.server import start_server
from tests.support.service import free_port

opened = partial(opened_with_defaults, db_outage_patience_seconds=0)


def read(db):
    return db.fetch_one("SELECT 1 AS one")


def fail(db):
    with pytest.raises(DatabaseUnavailable) as caught:
        read(db)
    return caught.value


@pytest.fixture
def silent(url, relay):
    """A `Database` whose server accepts TCP connections and sends nothing."""
    relay.is_silent = True
    with opened(through(relay, url), db_connect_timeout_seconds=2) as db:
        yield db


def test_an_open_circuit_fails_at_once(silent):
    fail(silent)
    time.sleep(0.1)

    with ThreadPoolExecutor(1) as other:
        trial = other.submit(fail, silent)
        time.sleep(0.3)
        # An attempt to connect takes two seconds.
        assert median(seconds_until_it_fails(silent, read) for _ in range(20)) < 1
        trial.result(timeout=20)


def test_an_open_circuit_allows_one_trial_at_a_time(silent, relay):
    fail(silent)
    before = relay.accepted
    time.sleep(0.2)

    with ThreadPoolExecutor(8) as pool:
        failures = list(pool.map(fail, [silent] * 8))

    assert relay.accepted == before + 1
    assert not any(isinstance(failure, PoolExhausted) for failure in failures)


def test_trials_are_delayed(url, relay):
    relay.rejects_clients = True
    failures = 0
    with opened(through(relay, url)) as db:
        while relay.accepted < 4:
            fail(db)
            failures += 1

    assert failures > 10 * relay.accepted


@pytest.mark.parametrize("outage_seconds", [0.3, 1.5])
def test_the_circuit_closes_soon_after_the_server_is_back(outage_seconds, url, relay):
    relay.rejects_clients = True
    with opened(through(relay, url)) as db:
        until = time.monotonic() + outage_seconds
        while time.monotonic() < until:
            fail(db)
        relay.rejects_clients = False

        assert settles(lambda: is_answered(db), seconds=MAX_DELAY_SECONDS)


def test_a_refused_tcp_connection_fails_at_once():
    with opened(f"mysql://app:secret@127.0.0.1:{free_port()}/students") as db:
        assert seconds_until_it_fails(db, read) < MAX_DELAY_SECONDS


def test_an_open_circuit_does_not_affect_existing_connections(url, relay):
    with opened(through(relay, url)) as db:
        read(db)
        relay.rejects_clients = True
        with db.transaction(), ThreadPoolExecutor(1) as other:
            other.submit(fail, db).result(timeout=20)

        assert read(db) == {"one": 1}


def test_one_thread_stays_free_for_requests_without_database_while_logins_hang(url, relay):
    relay.is_silent = True
    # One slot; a caller is rejected once the login in it has been pending for two seconds.
    settings = {"threads": 1, "db_connect_timeout_seconds": 6}
    with opened(through(relay, url), **settings) as db, ThreadPoolExecutor(5) as threads:
        first = threads.submit(fail, db)
        assert settles(lambda: relay.accepted == 1)
        waiting = [threads.submit(fail, db) for _ in range(4)]

        assert settles(lambda: any(one.done() for one in waiting))
        time.sleep(0.5)
        rejected = [one.result() for one in waiting if one.done()]
        assert [type(failure) for failure in rejected] == [PoolExhausted]
        assert not first.done()


def test_the_circuit_is_not_stuck_while_other_logins_succeed(clock):
    breaker = CircuitBreaker(Exception)
    with breaker.attempt(8):
        clock[0] += 1.8
        with breaker.attempt(8):
            pass
        clock[0] += 0.4
        assert not breaker.is_stuck()

        clock[0] += 1.7
        assert breaker.is_stuck()


@pytest.fixture
def clock(monkeypatch):
    """A list with one item, the time that the circuit breaker sees."""
    moment = [100.0]
    monkeypatch.setattr("app.db.strategies.adaptive.circuit_breaker.now", lambda: moment[0])
    return moment


def fail_to_open(breaker, error):
    with pytest.raises(type(error)), breaker.attempt(8):
        raise error


class Interrupted(BaseException):
    """Raised by a signal handler, or by a worker's timeout."""


@contextmanager
def interrupted_at(number, code_of_module):
    """Raise `Interrupted` before the line executed as the so many-th in the module."""
    executed = count(1)

    def trace(frame, event, _):
        if frame.f_code.co_filename != code_of_module:
            return None
        if event == "line" and next(executed) == number:
            raise Interrupted
        return trace

    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(None)


@pytest.mark.parametrize("succeeds", [True, False])
def test_an_interrupted_trial_never_ends_all_trials(succeeds, clock):
    for line in count(1):
        breaker = CircuitBreaker(OperationalError)
        fail_to_open(breaker, OperationalError(2003, "refused"))
        clock[0] += 1
        try:
            with interrupted_at(line, circuit_breaker.__file__), breaker.attempt(8):
                if not succeeds:
                    raise OperationalError(2003, "refused again")
        except OperationalError:
            break
        except Interrupted:
            pass
        else:
            break
        clock[0] += 10  # more than the attempt's limit
        assert not breaker.is_stuck()
        with breaker.attempt(8):
            pass
        assert not breaker.is_open
    assert line > 10


def test_an_interrupted_trial_says_nothing_about_the_server(clock):
    breaker = CircuitBreaker(OperationalError)
    fail_to_open(breaker, OperationalError(2003, "refused"))
    clock[0] += 1
    with pytest.raises(Interrupted), breaker.attempt(8) as is_trial:
        assert is_trial
        raise Interrupted

    with breaker.attempt(8) as is_trial:
        assert is_trial


@pytest.mark.parametrize("code", [1040, 1047, 1053, 1105, 1226, 2013, 3032, 4242])
def test_any_error_while_connecting_opens_the_circuit(code, clock):
    breaker = CircuitBreaker(OperationalError)
    fail_to_open(breaker, OperationalError(code, "cannot connect"))

    assert breaker.is_open
    with pytest.raises(OperationalError, match=str(code)), breaker.attempt(8):
        pass


def test_a_failed_checkout_releases_its_slot(url, relay):
    relay.rejects_clients = True
    settings = {"db_pool_size": 2, "db_pool_timeout_seconds": 0.2}
    with opened(through(relay, url), **settings) as db:
        for _ in range(10):
            assert not isinstance(fail(db), PoolExhausted)


@pytest.fixture
def account(server, root):
    """The URL of a database with an account whose password can be changed."""
    url = server.create_database(user="changing")
    yield url
    query(root, "DROP USER changing@'%'")
    (server.folder / "changing_password").unlink()


def change_password(root):
    query(root, "ALTER USER changing@'%' IDENTIFIED BY 'another'")


def logins(root):
    return int(query(root, "SHOW GLOBAL STATUS LIKE 'Connections'")[0][1])


def test_a_rejected_password_is_not_retried_by_every_request(account, root):
    change_password(root)
    with opened(account) as db:
        before = logins(root)
        failures = [fail(db) for _ in range(200)]

        assert logins(root) - before == 1
        assert {type(failure) for failure in failures} == {AccessDenied}
        assert isinstance(db.access_error(), AccessDenied)


def test_existing_connections_survive_a_password_change(account, root):
    with opened(account) as db:
        read(db)
        change_password(root)

        with db.transaction() as tx, ThreadPoolExecutor(1) as other:
            assert isinstance(other.submit(fail, db).result(timeout=20), AccessDenied)
            assert tx.fetch_one("SELECT 1 AS one") == {"one": 1}
        assert read(db) == {"one": 1}


def test_an_unreachable_server_is_not_an_access_error(url, relay):
    with opened(through(relay, url)) as db:
        read(db)
        assert db.access_error() is None
        relay.rejects_clients = True
        with db.transaction(), ThreadPoolExecutor(1) as other:
            other.submit(fail, db).result(timeout=20)

        assert db.access_error() is None


def test_a_failed_open_is_followed_by_a_retry_on_idle_connections(url, relay):
    behind = through(relay, url)
    with opened(behind, db_connect_timeout_seconds=2) as db, ThreadPoolExecutor(1) as other:
        with db.transaction():
            relay.is_silent = True
            late = other.submit(read, db)
            time.sleep(0.3)
            assert not late.done()

        assert late.result(timeout=10) == {"one": 1}
        assert db.statistics()["opened"] == 1


@pytest.fixture(scope="module")
def crowded_server():
    """A server with few connections; the minimum is 1 on MySQL and 10 on MariaDB."""
    with start_server(max_connections=10) as running:
        yield running


def test_too_many_connections_is_tried_again_within_a_second(crowded_server):
    url = crowded_server.create_database()
    with opened(url) as db, opened(url, db_pool_size=10) as crowd:
        hold_at_once(crowd, threads=10)  # the extra connection is the administrator's

        for _ in range(3):
            assert fail(db).code == 1040
        crowd.close()

        assert settles(lambda: is_answered(db), seconds=MAX_DELAY_SECONDS)


def test_max_user_connections_is_tried_again_within_a_second(server, root):
    url = server.create_database(user="lonely")
    query(root, "ALTER USER lonely@'%' WITH MAX_USER_CONNECTIONS 1")
    with opened(url) as db, opened(url) as first:
        read(first)
        assert fail(db).code == 1226
        first.close()

        with closing(server.connect()) as watcher:
            count = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'lonely'"
            assert settles(lambda: query(watcher, count) == ((0,),))
        assert settles(lambda: is_answered(db), seconds=MAX_DELAY_SECONDS)
