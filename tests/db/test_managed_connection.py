"""`Database.connection()`: a PEP 249 connection and its cursors.

One strategy of each kind: `adaptive`, one that wraps connections in its own classes, and one that
keeps none.
"""

import warnings

import MySQLdb.cursors
import pymysql.cursors
import pytest

from app.db.errors import (
    ConnectionLost,
    DatabaseUnavailable,
    OutcomeUnknown,
    TransactionConflict,
)
from tests.db.relay import through
from tests.db.test_concurrency import settles
from tests.support.counting import changes
from tests.support.database import kill_all, opened, query, words

COMBINATIONS = [
    ("adaptive", "pymysql"),
    ("adaptive", "mysqlclient"),
    ("pooled", "pymysql"),
    ("sqlalchemy_session", "pymysql"),
    ("per_query", "pymysql"),
]
INSERT = "INSERT INTO word (word) VALUES (%s)"


@pytest.fixture(params=COMBINATIONS, ids=", ".join)
def combination(request):
    return request.param


@pytest.fixture
def driver_error(db):
    """The base class of the driver's errors."""
    return db.connections.driver_error


@pytest.fixture
def cursors(combination):
    """The driver's module of cursor classes."""
    return {"pymysql": pymysql.cursors, "mysqlclient": MySQLdb.cursors}[combination[1]]


def insert(cursor, word):
    return cursor.execute(INSERT, (word,))


def test_commit_stores_what_was_executed(db, root):
    with db.connection() as connection:
        cursor = connection.cursor()
        insert(cursor, "one")
        insert(cursor, "two")
        connection.commit()

    assert words(root) == ["one", "two"]


def test_leaving_the_block_without_a_commit_rolls_back(db, root):
    with db.connection() as connection:
        insert(connection.cursor(), "committed")
        connection.commit()
        insert(connection.cursor(), "not committed")

    assert words(root) == ["committed"]


def test_an_exception_in_the_block_rolls_back(db, root):
    with pytest.raises(ZeroDivisionError), db.connection() as connection:
        insert(connection.cursor(), "not committed")
        _ = 1 / 0

    assert words(root) == []


def test_rollback_discards_what_was_executed_and_the_connection_stays_usable(db, root):
    with db.connection() as connection:
        cursor = connection.cursor()
        insert(cursor, "rolled back")
        connection.rollback()
        insert(cursor, "committed")
        connection.commit()

    assert words(root) == ["committed"]


def test_commit_and_rollback_without_a_statement_send_nothing(db, server):
    def end_without_statement():
        with db.connection() as connection:
            connection.cursor().close()
            connection.commit()
            connection.rollback()

    assert changes(server, end_without_statement, "Questions") == {"Questions": 0}


def test_the_first_statement_begins_a_transaction(db, server):
    def insert_and_commit():
        with db.connection() as connection:
            insert(connection.cursor(), "one")
            connection.commit()

    counted = changes(server, insert_and_commit, "Com_begin", "Com_commit")
    assert counted == {"Com_begin": 1, "Com_commit": 1}


def test_autocommit_stores_each_statement_without_a_begin(db, root, server):
    def insert_in_autocommit():
        with db.connection(autocommit=True) as connection:
            insert(connection.cursor(), "stored at once")
            assert words(root) == ["stored at once"]

    db.fetch_one("SELECT 1")  # SQLAlchemy sends a ROLLBACK on its first connection
    counted = changes(server, insert_in_autocommit, "Com_begin", "Com_commit", "Com_rollback")

    assert set(counted.values()) == {0}
    assert words(root) == ["stored at once"]


def test_statements_raise_the_driver_s_errors_and_the_transaction_continues(db, root, driver_error):
    with db.connection() as connection:
        cursor = connection.cursor()
        insert(cursor, "twice")
        with pytest.raises(driver_error) as caught:
            insert(cursor, "twice")
        insert(cursor, "continued")
        connection.commit()

    assert caught.value.args[0] == 1062
    assert words(root) == ["twice", "continued"]


def test_rowcount_and_lastrowid_are_available_after_the_commit(db, root):
    with db.connection() as connection:
        cursor = connection.cursor()
        insert(cursor, "new")
        connection.commit()

        assert cursor.rowcount == 1
        assert query(root, "SELECT word_id FROM word") == ((cursor.lastrowid,),)


def test_rows_can_be_fetched_after_the_commit_without_a_new_transaction(db, server):
    def fetch_after_commit():
        with db.connection() as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT 1 UNION SELECT 2")
            connection.commit()
            assert list(cursor.fetchall()) == [(1,), (2,)]

    assert changes(server, fetch_after_commit, "Com_begin") == {"Com_begin": 1}


def test_attributes_of_an_unused_cursor_send_nothing(db, server):
    def read_description():
        with db.connection() as connection:
            assert connection.cursor().description is None

    assert changes(server, read_description, "Com_begin") == {"Com_begin": 0}


def test_cursor_arguments_are_passed_to_the_driver(db, cursors):
    with db.connection() as connection, connection.cursor(cursors.DictCursor) as cursor:
        cursor.execute("SELECT 1 AS one")

        assert cursor.fetchone() == {"one": 1}


def test_a_cursor_is_iterable(db):
    with db.connection() as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1 UNION SELECT 2 UNION SELECT 3")

        assert cursor.fetchone() == (1,)
        assert list(cursor) == [(2,), (3,)]


def test_fetchmany_fetches_the_next_rows(db):
    with db.connection() as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT 1 UNION SELECT 2 UNION SELECT 3")

        assert list(cursor.fetchmany(2)) == [(1,), (2,)]
        assert list(cursor.fetchmany(2)) == [(3,)]


def test_two_cursors_share_one_transaction(db, root):
    with db.connection() as connection:
        one, two = connection.cursor(), connection.cursor()
        one.execute("SELECT CONNECTION_ID()")
        two.execute("SELECT CONNECTION_ID()")
        assert one.fetchone() == two.fetchone()
        insert(one, "one")
        insert(two, "two")
        connection.commit()

    assert words(root) == ["one", "two"]


def test_executemany_runs_a_statement_for_each_row(db, root):
    with db.connection() as connection:
        connection.cursor().executemany(INSERT, [("one",), ("two",), ("three",)])
        connection.commit()

    assert words(root) == ["one", "two", "three"]


@pytest.fixture
def procedure(root):
    query(root, "CREATE PROCEDURE add_word(new VARCHAR(50)) INSERT INTO word (word) VALUES (new)")
    yield "add_word"
    query(root, "DROP PROCEDURE add_word")


def test_callproc_calls_a_procedure(db, root, procedure):
    with db.connection() as connection:
        connection.cursor().callproc(procedure, ("from a procedure",))
        connection.commit()

    assert words(root) == ["from a procedure"]


@pytest.mark.parametrize("autocommit", [False, True])
def test_a_connection_killed_while_idle_is_replaced(autocommit, db, root, url):
    db.fetch_one("SELECT 1")
    db.end_request()
    kill_all(root, url)

    with db.connection(autocommit=autocommit) as connection:
        insert(connection.cursor(), "stored")
        connection.commit()

    assert words(root) == ["stored"]


def kill_connection_of(cursor, root):
    cursor.execute("SELECT CONNECTION_ID()")
    query(root, f"KILL {cursor.fetchone()[0]}")


def test_a_connection_killed_in_a_transaction_raises_and_stores_nothing(db, root, driver_error):
    with db.connection() as connection:
        cursor = connection.cursor()
        insert(cursor, "first half")
        kill_connection_of(cursor, root)
        with pytest.raises(driver_error):
            insert(cursor, "second half")
        with pytest.raises(ConnectionLost):
            insert(cursor, "third")
        with pytest.raises(ConnectionLost):
            connection.commit()

    assert words(root) == []
    assert db.statistics()["discarded"] == 1


def test_rollback_after_a_lost_connection_starts_with_a_new_one(db, root, driver_error):
    with db.connection() as connection:
        cursor = connection.cursor()
        kill_connection_of(cursor, root)
        with pytest.raises(driver_error):
            insert(cursor, "lost")
        connection.rollback()
        insert(cursor, "stored")
        connection.commit()

    assert words(root) == ["stored"]


def test_the_next_use_works_after_a_lost_connection(db, root, driver_error):
    with pytest.raises(driver_error), db.connection() as connection:
        cursor = connection.cursor()
        kill_connection_of(cursor, root)
        insert(cursor, "lost")

    with db.connection() as connection:
        insert(connection.cursor(), "stored")
        connection.commit()

    assert words(root) == ["stored"]


def test_in_autocommit_a_lock_timeout_does_not_affect_the_next_statement(db, root, driver_error):
    query(root, "INSERT INTO word (word) VALUES ('locked')")
    query(root, "BEGIN")
    query(root, "UPDATE word SET touched = 1")

    with db.connection(autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.execute("SET SESSION innodb_lock_wait_timeout = 1")
        with pytest.raises(driver_error) as caught:
            cursor.execute("UPDATE word SET touched = 2")
        query(root, "ROLLBACK")
        assert cursor.execute("UPDATE word SET touched = 3") == 1

    assert caught.value.args[0] == 1205
    assert query(root, "SELECT touched FROM word") == ((3,),)


def test_after_a_lock_timeout_the_whole_transaction_fails(db, root, driver_error):
    query(root, "INSERT INTO word (word) VALUES ('locked')")
    # By the primary key: in the index of words the lock may include the gap before 'locked'.
    ((word_id,),) = query(root, "SELECT word_id FROM word")
    query(root, "BEGIN")
    query(root, "UPDATE word SET touched = 1 WHERE word_id = %s", (word_id,))

    with db.connection() as connection:
        cursor = connection.cursor()
        cursor.execute("SET SESSION innodb_lock_wait_timeout = 1")
        insert(cursor, "first half")
        with pytest.raises(driver_error):
            cursor.execute("UPDATE word SET touched = 2 WHERE word_id = %s", (word_id,))
        with pytest.raises(TransactionConflict):
            insert(cursor, "second half")
        with pytest.raises(TransactionConflict):
            connection.commit()
    query(root, "ROLLBACK")

    assert words(root) == ["locked"]


@pytest.fixture
def relayed(combination, relay, url):
    """The same database through the relay."""
    strategy, driver = combination
    with opened(through(relay, url), db_strategy=strategy, db_driver=driver) as database:
        yield database


def test_a_lost_response_to_commit_is_an_unknown_outcome(relayed, relay, root):
    with pytest.raises(OutcomeUnknown), relayed.connection() as connection:
        insert(connection.cursor(), "stored without a response")
        relay.cut_response_to = b"COMMIT"
        connection.commit()

    assert settles(lambda: words(root) == ["stored without a response"])


def test_a_statement_in_autocommit_is_never_repeated(relayed, relay, root):
    query(root, "INSERT INTO word (word) VALUES ('counted')")
    relay.cut_response_to = b"UPDATE"
    with (
        pytest.raises(relayed.connections.driver_error),
        relayed.connection(autocommit=True) as connection,
    ):
        connection.cursor().execute("UPDATE word SET touched = touched + 1")
    relay.cut_response_to = None

    assert settles(lambda: query(root, "SELECT touched FROM word") == ((1,),))
    assert relayed.statistics()["discarded"] == 1


def test_an_unbuffered_result_that_was_not_read_does_not_disturb_the_next_use(db, cursors):
    with db.connection(autocommit=True) as connection:
        cursor = connection.cursor(cursors.SSCursor)
        cursor.execute("SELECT 1 UNION SELECT 2")
        cursor.fetchone()
        cursor.close()

    assert db.fetch_one("SELECT 3 AS three") == {"three": 3}


# The servers have no common way to generate rows.
TEN = f"({' UNION ALL '.join(['SELECT 1'] * 10)})"


@pytest.mark.parametrize("rows", [2, 100_000])
def test_an_unbuffered_result_left_unread_is_not_read_by_the_next_use(rows, db, cursors):
    with db.connection(autocommit=True) as connection:
        cursor = connection.cursor(cursors.SSCursor)
        cursor.execute(f"SELECT 1 FROM {TEN} a, {TEN} b, {TEN} c, {TEN} d, {TEN} e LIMIT {rows}")
        first = cursor.fetchone()

    retried = db.statistics().get("retried_read", 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert db.fetch_one("SELECT 3 AS three") == {"three": 3}
    assert first == (1,)
    assert db.statistics().get("retried_read", 0) == retried


def test_without_a_server_the_first_statement_raises_unavailable(combination, relay, url):
    strategy, driver = combination
    settings = {"db_strategy": strategy, "db_driver": driver, "db_outage_patience_seconds": 0}
    relay.rejects_clients = True
    with opened(through(relay, url), **settings) as db, db.connection() as connection:
        cursor = connection.cursor()
        with pytest.raises(DatabaseUnavailable):
            cursor.execute("SELECT 1")


@pytest.mark.parametrize("autocommit", [False, True])
def test_the_thread_cannot_use_the_database_besides_an_open_transaction(autocommit, db, root):
    with db.connection(autocommit=autocommit) as connection:
        insert(connection.cursor(), "stored")
        with pytest.raises(RuntimeError, match="a transaction is open"):
            db.fetch_one("SELECT 1")
        with pytest.raises(RuntimeError, match="a transaction is open"), db.transaction():
            pass
        connection.commit()
        assert db.fetch_one("SELECT 1 AS one") == {"one": 1}

    assert words(root) == ["stored"]


def test_one_database_connection_serves_uses_one_after_another(db, combination):
    for number in range(6):
        with db.connection(autocommit=bool(number % 2)) as connection:
            connection.cursor().execute("SELECT 1")
        db.end_request()

    assert db.statistics()["opened"] == (6 if combination[0] == "per_query" else 1)
