"""A statement that exceeds the read timeout does not continue at the server."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Event

import pytest

from app.db.errors import ConnectionLost, DatabaseUnavailable, StatementTimedOut
from app.db.strategy import Purpose
from tests.db.relay import through
from tests.db.test_concurrency import hold_at_once, settles
from tests.db.test_tls import secured
from tests.support.certificates import Authority
from tests.support.database import add, connection_id, connections_of, opened, query, words

DRIVERS = ["pymysql", "mysqlclient"]
POOL_SIZE = 2
SLOW = "SELECT SLEEP(60) AS slow"
RUNNING = (
    "SELECT COUNT(*) FROM information_schema.processlist"
    " WHERE id <> CONNECTION_ID() AND info LIKE %s"
)


@pytest.fixture(params=DRIVERS)
def driver(request):
    return request.param


@pytest.fixture
def options(driver):
    return {"db_driver": driver, "db_read_timeout_seconds": 1, "db_pool_size": POOL_SIZE}


@pytest.fixture
def db(url, options):
    with opened(url, **options) as database:
        yield database


def running(root, pattern="%SLEEP(60)%"):
    """Return how many statements like this the server is executing."""
    return query(root, RUNNING, (pattern,))[0][0]


@contextmanager
def watched(server, pattern="%SLEEP(60)%"):
    """Yield a list of how many statements like this the server executed, at many moments."""
    counts, is_stopped = [], Event()

    def watch():
        with closing(server.connect()) as connection:
            while not is_stopped.is_set():
                counts.append(running(connection, pattern))
                time.sleep(0.01)

    with ThreadPoolExecutor(1) as pool:
        watcher = pool.submit(watch)
        try:
            yield counts
        finally:
            is_stopped.set()
        watcher.result()


def read_slowly(db):
    with pytest.raises(StatementTimedOut):
        db.fetch_one(SLOW)


def test_a_read_that_timed_out_is_killed_and_not_retried(db, root):
    read_slowly(db)

    assert running(root) == 0
    assert "retried_read" not in db.statistics()
    assert db.statistics()["statements_killed"] == 1


def test_no_more_statements_run_than_the_pool_has_connections(db, server):
    with watched(server) as counts, ThreadPoolExecutor(2 * POOL_SIZE) as threads:
        for done in [threads.submit(read_slowly, db) for _ in range(2 * POOL_SIZE)]:
            done.result(timeout=60)

    assert max(counts) == POOL_SIZE
    assert db.statistics()["statements_killed"] == 2 * POOL_SIZE


def test_the_pool_has_no_more_connections_than_its_size_afterwards(db, root, url):
    hold_at_once(db, threads=POOL_SIZE)
    read_slowly(db)

    assert db.statistics()["idle"] == POOL_SIZE
    assert settles(lambda: len(connections_of(root, url)) == POOL_SIZE)


def test_a_write_that_timed_out_is_killed_and_frees_its_locks(db, root):
    with db.transaction() as tx:
        add(tx, "locked")

    def write(tx):
        tx.execute("UPDATE word SET touched = touched + 1 WHERE word = 'locked'")
        tx.execute("UPDATE word SET touched = touched + 1 WHERE SLEEP(60) = 0")

    with pytest.raises(StatementTimedOut):
        db.run_transaction(write)

    query(root, "SET innodb_lock_wait_timeout = 5")
    query(root, "UPDATE word SET touched = touched + 10 WHERE word = 'locked'")
    assert query(root, "SELECT touched FROM word") == ((10,),)
    assert running(root) == 0


def test_a_statement_on_a_cursor_that_timed_out_is_killed_too(db, root):
    with (
        pytest.raises(db.connections.driver_error),
        db.connection() as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(SLOW)

    assert running(root) == 0


def test_an_interrupted_statement_is_killed_by_the_next_checkout(db, root):
    """An exception that is not the driver's, such as gevent's Timeout, leaves it running."""
    strategy = db.connections.strategy
    checkout = strategy.checkout(Purpose.READ)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(lambda: checkout.connection.cursor().execute(SLOW))
        assert settles(lambda: running(root) == 1)
        strategy.invalidate(checkout, KeyboardInterrupt(), in_transaction=False)

        assert db.fetch_one("SELECT 1 AS one") == {"one": 1}
        assert settles(lambda: running(root) == 0)
        assert db.statistics()["statements_killed"] == 1
        assert waiting.exception(timeout=20)


def test_a_statement_under_tls_that_timed_out_is_killed(options):
    with secured(Authority("trusted"), "127.0.0.1") as server:
        url = server.create_database()
        with opened(url, **options, db_ssl_mode="REQUIRED") as db:
            read_slowly(db)

        with closing(server.connect()) as root:
            assert running(root) == 0


def test_over_a_unix_socket_too(server, url, options, root):
    with opened(f"{url}?unix_socket={server.socket}", **options) as db:
        read_slowly(db)

        assert running(root) == 0


@contextmanager
def responses_lost(relay, statement):
    """Deliver no response to this statement, once."""
    relay.discard_response_to = statement
    with ThreadPoolExecutor(1) as threads:

        def stop():
            found = settles(lambda: any(pair.discards_responses for pair in relay.connections))
            relay.discard_response_to = None
            return found

        stopped = threads.submit(stop)
        yield
        assert stopped.result()


def test_a_read_whose_response_is_lost_is_retried(url, relay, options):
    with opened(through(relay, url), **options) as db:
        with responses_lost(relay, b"1 AS one"):
            assert db.fetch_one("SELECT 1 AS one") == {"one": 1}

        assert db.statistics()["retried_read"] == 1
        assert "statements_killed" not in db.statistics()


def test_a_transaction_whose_response_is_lost_is_retried(url, relay, options, root):
    with opened(through(relay, url), **options) as db:
        with responses_lost(relay, b"INSERT"):
            db.run_transaction(lambda tx: add(tx, "once"))

        assert db.statistics()["retried_transaction"] == 1
    assert words(root) == ["once"]


def test_a_read_whose_response_stops_on_the_way_is_killed_and_retried(url, relay, options, root):
    """The response is larger than the socket buffers, so the server waits for the client."""
    sql = "SELECT SLEEP(1) AS slow, LENGTH(REPEAT('x', 12000000)) AS size, REPEAT('x', 12000000)"
    with (
        opened(through(relay, url), **options | {"db_read_timeout_seconds": 4}) as db,
        ThreadPoolExecutor(1) as threads,
    ):
        reading = threads.submit(db.fetch_one, sql)
        assert settles(lambda: running(root, "%SLEEP(1)%") == 1)
        relay.freeze()
        relay.drop()  # nor does the server learn that the client gave up

        assert reading.result(timeout=40)["size"] == 12_000_000
        assert db.statistics()["retried_read"] == db.statistics()["statements_killed"] == 1


def test_without_another_connection_the_statement_is_killed_by_the_next_checkout(
    url, relay, options, root
):
    """Then it is unknown whether it was still running, so it counts as a lost connection."""
    with opened(through(relay, url), **options) as db:
        connection_id(db)
        relay.rejects_clients = True
        with pytest.raises(ConnectionLost), db.transaction() as tx:
            tx.fetch_one(SLOW)
        relay.rejects_clients = False

        assert running(root) == 1
        assert settles(lambda: is_available(db))
        assert settles(lambda: running(root) == 0)
        assert db.statistics()["statements_killed"] == 1


def is_available(db):
    try:
        return db.fetch_one("SELECT 1 AS one") == {"one": 1}
    except DatabaseUnavailable:
        return False


def test_an_idle_connection_is_used_if_the_server_accepts_no_other(url, relay, options, root):
    with opened(through(relay, url), **options) as db:
        hold_at_once(db, threads=POOL_SIZE)
        relay.rejects_clients = True
        read_slowly(db)

        assert running(root) == 0
        assert db.statistics()["idle"] == 1
        assert db.fetch_one("SELECT 1 AS one") == {"one": 1}
