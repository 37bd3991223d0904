"""What one user of a connection leaves in its session does not reach the next one."""

import logging
import time
from contextlib import closing, suppress

import pymysql
import pytest

from app.db import ConfigError, Database, DatabaseError, commit_tokens
from app.db.url import DatabaseUrl
from tests.db.conftest import ON_EACH_KIND, OWN, WORDS
from tests.db.pool import MAX_DELAY_SECONDS
from tests.db.relay import through
from tests.support.database import add, connection_id, opened, query, words
from tests.support.own_strategy import Stack
from tests.support.server import FLAVOR

READ_ONLY = "tx_read_only" if FLAVOR == "mariadb" else "transaction_read_only"
# What is left: the statement that leaves it, and a query that shows it.
LEFT = {
    "sql_mode": ("SET SESSION sql_mode = ''", "SELECT @@sql_mode"),
    "time_zone": ("SET SESSION time_zone = '+05:00'", "SELECT @@time_zone"),
    "checks off": ("SET foreign_key_checks = 0", "SELECT @@foreign_key_checks"),
    "read only": ("SET SESSION TRANSACTION READ ONLY", f"SELECT @@{READ_ONLY}"),
    "autocommit off": ("SET autocommit = 0", "SELECT @@autocommit"),
    "variable": ("SET @tenant = 5", "SELECT @tenant"),
    "variable in a query": ("SELECT @tenant := 5", "SELECT @tenant"),
    "variable by INTO": ("SELECT 5 INTO @tenant", "SELECT @tenant"),
    "variable by a procedure": ("CALL set_tenant()", "SELECT @tenant"),
    "named lock": ("SELECT GET_LOCK('job', 0)", "SELECT IS_FREE_LOCK('job')"),
    "table lock": ("LOCK TABLES word READ", "SELECT COUNT(*) FROM other"),
    "temporary table": ("CREATE TEMPORARY TABLE secret (a INT)", "SELECT COUNT(*) FROM secret"),
    "prepared statement": ("PREPARE later FROM 'SELECT 1'", "EXECUTE later"),
    "default database": ("USE information_schema", "SELECT DATABASE()"),
    "role": ("SET ROLE {role}", "SELECT CURRENT_ROLE()"),
}
PLAIN = [
    "SELECT word FROM word WHERE word_id = 1 FOR UPDATE",
    "  (SELECT 1) UNION (SELECT 2)",
    "/* list */ SELECT @@sql_mode",
    "WITH one AS (SELECT 1 AS one) SELECT one FROM one",
    "INSERT INTO word (word) VALUES ('plain')",
    "REPLACE INTO word (word_id, word) VALUES (1, 'replaced')",
    "UPDATE word SET touched = 1",
    "SAVEPOINT here",
    "ROLLBACK TO SAVEPOINT here",
    "RELEASE SAVEPOINT here",
    "DELETE FROM word",
    "SHOW TABLES",
    "EXPLAIN SELECT word FROM word",
]
PROCEDURES = {
    "set_tenant": "SET @tenant = 5",
    "count_words": "SELECT COUNT(*) AS words FROM word",
    "half": "START TRANSACTION; INSERT INTO word (word) VALUES ('half'); SELECT 1 AS one",
    "half_then_fail": "START TRANSACTION; INSERT INTO word (word) VALUES ('half'); "
    "SIGNAL SQLSTATE '45000'",
}


@pytest.fixture(scope="module")
def role(server):
    with closing(server.connect()) as root:
        query(root, "CREATE ROLE reader_of_words")
        yield "reader_of_words"
        query(root, "DROP ROLE reader_of_words")


@pytest.fixture(scope="module")
def words_url(server, role):
    """A database with tables and procedures, and the privileges that the cases need."""
    url = server.create_database()
    account = DatabaseUrl.parse(url)
    with closing(server.connect(url)) as root:
        query(root, WORDS)
        query(root, commit_tokens.DDL)
        query(root, "CREATE TABLE other (other_id INT)")
        for name, body in PROCEDURES.items():
            query(root, f"CREATE PROCEDURE {name}() BEGIN {body}; END")
        privileges = "CREATE TEMPORARY TABLES, LOCK TABLES"
        query(root, f"GRANT {privileges} ON `{account.name}`.* TO '{account.user}'@'%'")
        query(root, f"GRANT {role} TO '{account.user}'@'%'")
    return url


@pytest.fixture(params=LEFT)
def case(request, role):
    """A statement that leaves state, and a query that shows it."""
    statement, probe = LEFT[request.param]
    return statement.format(role=role), probe


def seen_by_next(db, probe):
    """Return what the next user of a connection sees: the query's rows, or the error's code."""
    try:
        return db.fetch_all(probe)
    except DatabaseError as error:
        return error.code


def run(tx, statement):
    if statement.startswith(("SELECT", "CALL count")) and "INTO" not in statement:
        return tx.fetch_all(statement)
    return tx.execute(statement)


def test_the_next_user_sees_nothing_of_a_transaction(case, db):
    statement, probe = case
    before = seen_by_next(db, probe)

    with db.transaction() as tx:
        run(tx, statement)

    assert seen_by_next(db, probe) == before


@ON_EACH_KIND
def test_the_next_user_sees_nothing_of_a_transaction_that_failed(case, db):
    statement, probe = case
    before = seen_by_next(db, probe)

    with pytest.raises(ZeroDivisionError), db.transaction() as tx:
        run(tx, statement)
        _ = 1 / 0

    assert seen_by_next(db, probe) == before


@ON_EACH_KIND
@pytest.mark.parametrize("autocommit", [False, True])
def test_the_next_user_sees_nothing_of_a_cursor(autocommit, case, db):
    statement, probe = case
    before = seen_by_next(db, probe)

    with db.connection(autocommit=autocommit) as connection:
        connection.cursor().execute(statement)
        connection.commit()

    assert seen_by_next(db, probe) == before


@pytest.mark.parametrize("case", ["variable in a query", "named lock"], indirect=True)
def test_the_next_user_sees_nothing_of_a_read(case, db):
    statement, probe = case
    before = seen_by_next(db, probe)

    db.fetch_all(statement)

    assert seen_by_next(db, probe) == before


@ON_EACH_KIND
def test_the_next_user_sees_nothing_of_the_arguments_of_callproc(db, root):
    query(root, "CREATE PROCEDURE take(given INT) SELECT given")
    with db.connection() as connection:
        connection.cursor().callproc("take", (5,))
    query(root, "DROP PROCEDURE take")

    assert seen_by_next(db, "SELECT @_take_0 AS argument") == [{"argument": None}]


@ON_EACH_KIND
@pytest.mark.parametrize("statement", [b"SET @tenant = 5", "/*!50000 SET @tenant = 5 */"])
def test_a_statement_that_is_not_understood_resets_the_session(statement, db):
    with db.connection(autocommit=True) as connection:
        connection.cursor().execute(statement)

    assert seen_by_next(db, "SELECT @tenant AS tenant") == [{"tenant": None}]


def test_a_transaction_left_open_by_a_procedure_is_rolled_back(db, root):
    db.fetch_all("CALL half()")
    with pytest.raises(ZeroDivisionError), db.transaction() as tx:  # its BEGIN would commit
        tx.fetch_one("SELECT 1")
        _ = 1 / 0

    assert words(root) == []


# Not with DBUtils, which repeats a CALL in autocommit mode after an error: START TRANSACTION
# commits the half of the call before it.
@pytest.mark.parametrize(
    "combination",
    [
        ("adaptive", "pymysql"),
        ("adaptive", "mysqlclient"),
        ("sqlalchemy", "pymysql"),
        (OWN, "pymysql"),
    ],
    ids=", ".join,
)
def test_a_transaction_left_open_by_a_procedure_that_failed_is_rolled_back(db, root):
    with suppress(DatabaseError):
        db.fetch_all("CALL half_then_fail()")
    with db.transaction() as tx:
        add(tx, "whole")

    assert words(root) == ["whole"]


@ON_EACH_KIND
def test_a_transaction_left_open_by_a_cursor_in_autocommit_is_rolled_back(db, root):
    with db.connection(autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO word (word) VALUES ('half')")
    with db.transaction() as tx:
        add(tx, "whole")

    assert words(root) == ["whole"]


@ON_EACH_KIND
def test_with_autocommit_turned_off_a_later_read_is_not_answered_from_an_old_snapshot(db, root):
    with db.transaction() as tx:
        tx.execute("SET autocommit = 0")
    db.fetch_all("SELECT word FROM word")
    query(root, "INSERT INTO word (word) VALUES ('new')")

    assert db.fetch_all("SELECT word FROM word") == [{"word": "new"}]


def test_plain_statements_reset_nothing(db):
    for statement in PLAIN:
        with db.transaction() as tx:
            tx.execute("SAVEPOINT here")
            tx.execute(statement)

    statistics = db.statistics()
    assert "sessions_reset" not in statistics
    assert "discarded" not in statistics


@pytest.fixture(params=["pymysql", "mysqlclient"])
def driver(request):
    return request.param


@pytest.fixture
def adaptive(driver, url):
    with opened(url, db_driver=driver) as database:
        yield database


def test_a_reset_keeps_the_connection_and_the_session_settings(adaptive):
    settings = "SELECT @@sql_mode, @@time_zone, @@innodb_lock_wait_timeout, @@collation_connection"
    before = connection_id(adaptive), adaptive.fetch_one(settings)

    with adaptive.transaction() as tx:
        tx.execute("SET sql_mode = '', time_zone = '+05:00', innodb_lock_wait_timeout = 9")
        tx.execute("SET NAMES latin1")

    assert (connection_id(adaptive), adaptive.fetch_one(settings)) == before
    assert adaptive.statistics()["sessions_reset"] == 1
    assert adaptive.statistics()["opened"] == 1


def test_a_connection_is_discarded_if_the_reset_is_not_answered(driver, url, relay):
    with opened(through(relay, url), db_driver=driver) as db:
        with db.connection(autocommit=True) as connection:
            connection.cursor().execute("SET @tenant = 5")
            relay.freeze()
            started = time.monotonic()
        assert time.monotonic() - started < MAX_DELAY_SECONDS  # the read timeout is 30 seconds

        assert db.statistics()["discarded_session_state"] == 1
        assert db.statistics()["discarded"] == 1
        assert db.fetch_one("SELECT @tenant AS tenant") == {"tenant": None}


class Foreign(Stack):
    """A user's own strategy with connections that it opens itself."""

    def __init__(self, connect, config):
        super().__init__(lambda: _connect(config.url), config)

    def discard(self, connection):
        connection.close()
        self._slots.release()


def _connect(url):
    return pymysql.connect(
        host=url.host,
        port=url.port,
        user=url.user,
        password=url.password,
        database=url.name,
        autocommit=True,
        ssl_disabled=True,
    )


def test_a_connection_without_reset_session_is_discarded(url):
    with opened(url, db_strategy=f"{__name__}:Foreign") as db:
        db.fetch_one("SELECT 1")
        assert "discarded" not in db.statistics()
        with db.transaction() as tx:
            tx.execute("SET @tenant = 5")

        assert db.statistics()["discarded_session_state"] == 1
        assert db.fetch_one("SELECT @tenant AS tenant") == {"tenant": None}


def messages(caplog):
    return [record.getMessage() for record in caplog.records if "session_reset" in record.name]


def test_the_statement_that_left_a_transaction_open_is_logged_once(url, caplog):
    with opened(url) as db, caplog.at_level(logging.INFO):
        for _ in range(2):
            db.fetch_all("CALL half()")

        assert messages(caplog) == [
            "connection discarded because of an open transaction, left by: CALL half()"
        ]
        assert db.statistics()["discarded_open_transaction"] == 2


def test_the_log_shows_no_values(url, caplog):
    with opened(url) as db, caplog.at_level(logging.INFO), db.transaction() as tx:
        tx.execute("SET @secret = %s", ("parameter",))
        tx.execute("SET @other = 'literal', @number = %s", (5,))

    assert messages(caplog) == [
        "session reset after: SET @secret = %s; SET @other = ?, @number = %s"
    ]


@pytest.fixture
def declaring(driver, url):
    """A `Database` that is told of procedures which leave no state."""
    names = ("half", "half_then_fail", "Count_Words", f"{DatabaseUrl.parse(url).name}.count_words")
    with closing(Database.from_url(url, driver=driver, stateless_procedures=names)) as database:
        yield database


def test_a_declared_procedure_does_not_reset_the_session(declaring, url):
    for name in ("count_words", "`count_words`", f"{DatabaseUrl.parse(url).name}.count_words"):
        assert declaring.fetch_all(f"CALL {name}()") == [{"words": 0}]

    assert declaring.statistics()["opened"] == 1
    assert "sessions_reset" not in declaring.statistics()


def test_a_declared_procedure_that_fails_resets_the_session(declaring, root):
    with pytest.raises(DatabaseError):
        declaring.fetch_all("CALL half_then_fail()")
    with declaring.transaction() as tx:
        add(tx, "whole")

    assert words(root) == ["whole"]
    assert declaring.statistics()["sessions_reset"] == 1


def test_a_declared_procedure_that_leaves_a_transaction_open_is_detected_with_pymysql(url, root):
    with closing(Database.from_url(url, stateless_procedures=("half",))) as db:
        db.fetch_all("CALL half()")
        with db.transaction() as tx:
            add(tx, "whole")

        assert words(root) == ["whole"]
        assert db.statistics()["discarded_open_transaction"] == 1


def test_the_declared_procedures_are_a_tuple_of_names(url):
    with pytest.raises(ConfigError, match="stateless_procedures='half': use a tuple"):
        Database.from_url(url, stateless_procedures="half")


def test_the_status_flags_of_a_query_are_read(adaptive):
    connection = adaptive.connections.strategy.acquire()
    with closing(connection.cursor()) as cursor:
        cursor.execute("SELECT word FROM word")
        assert connection.left_open() == ""
        cursor.execute("SET autocommit = 0")
        assert connection.left_open() == "autocommit mode turned off"
        if isinstance(connection, pymysql.connections.Connection):
            cursor.execute("SELECT word FROM word")
            assert connection.left_open() == "an open transaction"
    adaptive.connections.strategy.discard(connection)
