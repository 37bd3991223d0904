"""Errors raised before anything is sent are the caller's: no retry, and nothing is discarded."""

import pymysql.cursors
import pytest

from app.db.errors import ConnectionLost, StatementRejected
from tests.db.conftest import ON_EACH_KIND
from tests.db.test_outcomes import Interrupted, interrupted_after
from tests.support.database import add, connection_id, opened, words


class Unsupported:
    def __str__(self):
        raise TypeError("not a parameter")


# Statements and parameters that no driver can send.
MISTAKES = {
    "too many": ("SELECT %s", (1, 2)),
    "too few": ("SELECT %s, %s", (1,)),
    "unknown name": ("SELECT %(a)s", {"b": 1}),
    "incomplete format": ("SELECT 1 %", (1,)),
    "NaN": ("SELECT %s", (float("nan"),)),
    "infinity": ("SELECT %s", (float("inf"),)),
    "lone surrogate": ("SELECT %s", ("\ud800",)),
    "unsupported type": ("SELECT %s", (Unsupported(),)),
}
CALLERS_ERRORS = (StatementRejected, TypeError, ValueError, KeyError)
UPDATE = "UPDATE word SET touched = %s WHERE word = 'one'"


@pytest.fixture(params=["pymysql", "mysqlclient"])
def driver(request):
    return request.param


@pytest.fixture
def adaptive(url, driver):
    with opened(url, db_driver=driver, db_pool_size=1) as database:
        yield database


def is_mistake(database, run):
    """Return whether `run` raises the caller's error at once, on a connection that is kept."""
    before, statistics = connection_id(database), database.statistics()
    with pytest.raises(CALLERS_ERRORS):
        run()
    changed = {
        name
        for name, value in database.statistics().items()
        if name.startswith(("retried", "discarded", "opened")) and statistics.get(name, 0) != value
    }
    return connection_id(database) == before and not changed


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_read_with_a_mistake_is_not_retried(mistake, adaptive):
    assert is_mistake(adaptive, lambda: adaptive.fetch_one(*MISTAKES[mistake]))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_transaction_with_a_mistake_runs_once(mistake, adaptive):
    runs = []

    def work(tx):
        runs.append(1)
        tx.fetch_one(*MISTAKES[mistake])

    assert is_mistake(adaptive, lambda: adaptive.run_transaction(work))
    assert len(runs) == 1


@ON_EACH_KIND
@pytest.mark.parametrize("mistake", ["too many", "lone surrogate"])
def test_the_transaction_is_usable_after_a_mistake(mistake, db, root):
    with db.transaction() as tx:
        with pytest.raises(CALLERS_ERRORS):
            tx.execute(*MISTAKES[mistake])
        add(tx, "before")
        with pytest.raises(CALLERS_ERRORS):
            tx.execute(*MISTAKES[mistake])
        add(tx, "after")

    assert words(root) == ["before", "after"]
    assert db.statistics().get("discarded") is None


def test_every_strategy_keeps_the_connection(db):
    for _ in range(3):
        with pytest.raises(StatementRejected, match="converted"):
            db.fetch_one("SELECT %s", (1, 2))
        db.end_request()

    assert db.statistics().get("discarded") is None


@ON_EACH_KIND
@pytest.mark.parametrize("autocommit", [False, True])
def test_a_cursor_raises_the_driver_s_error_and_stays_usable(autocommit, db, root):
    with db.connection(autocommit=autocommit) as connection:
        cursor = connection.cursor()
        cursor.execute("INSERT INTO word (word) VALUES ('one')")
        with pytest.raises(db.connections.driver_error, match="converted"):
            cursor.execute("SELECT %s", (1, 2))
        with pytest.raises(UnicodeEncodeError):
            cursor.execute("SELECT %s", ("\ud800",))
        with pytest.raises(db.connections.driver_error):
            connection.cursor().fetchall()  # nothing was executed
        cursor.execute("INSERT INTO word (word) VALUES ('two')")
        connection.commit()

    assert words(root) == ["one", "two"]
    assert db.statistics().get("discarded") is None


@ON_EACH_KIND
def test_a_mistake_in_a_later_row_of_executemany_keeps_the_connection(db, root):
    with db.connection() as connection:
        cursor = connection.cursor()
        cursor.execute("INSERT INTO word (word) VALUES ('one')")
        with pytest.raises(db.connections.driver_error):
            cursor.executemany(UPDATE, [(1,), (float("nan"),)])
        connection.commit()

    assert words(root) == ["one"]
    assert db.statistics().get("discarded") is None


def test_a_mistake_after_an_unbuffered_result_keeps_the_connection(url):
    with opened(url) as db, db.connection() as connection:
        cursor = connection.cursor(pymysql.cursors.SSCursor)
        cursor.execute("SELECT 1 UNION SELECT 2")
        assert cursor.fetchall() == [(1,), (2,)]
        with pytest.raises(TypeError):
            cursor.execute("SELECT %s", ({"a": 1},))
        connection.commit()

        assert db.statistics().get("discarded") is None


class Timeout(Exception):
    """An `Exception` raised by a signal handler or another thread."""


@pytest.mark.parametrize("error", [Interrupted, Timeout])
@pytest.mark.parametrize("unbuffered", [False, True])
def test_a_response_interrupted_while_it_is_read_discards_the_connection(error, unbuffered, url):
    """The rows arrive over two seconds; the exception is raised after a fifth of one."""
    rows = "SELECT word, SLEEP(0.5) FROM (SELECT 'one' AS word UNION SELECT 'two') AS words"
    arguments = [pymysql.cursors.SSCursor] if unbuffered else []
    with opened(url) as db:
        with pytest.raises(error), db.connection() as connection, interrupted_after(0.2, error):
            cursor = connection.cursor(*arguments)
            cursor.execute(rows)
            cursor.fetchall()

        assert db.statistics()["discarded"] == 1
        assert db.fetch_one("SELECT 1 AS one") == {"one": 1}


def test_a_connection_closed_by_the_driver_is_a_lost_one(url, driver):
    with opened(url, db_driver=driver) as db:
        with pytest.raises(ConnectionLost), db.transaction() as tx:
            tx.connection.abort()
            tx.fetch_one("SELECT 1")

        assert db.statistics()["discarded"] == 1
