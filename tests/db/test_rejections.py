"""Errors of the server are translated to the classes in `app.db.errors`."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from app.db.errors import (
    CheckViolated,
    DuplicateKey,
    InvalidValue,
    KeysExhausted,
    MissingReference,
    ReadOnlyServer,
    ServerNotReady,
    StatementInterrupted,
    StatementRejected,
    StillReferenced,
    TransactionConflict,
)
from dev.faults.proxy import Proxy
from dev.faults.proxy_behavior import StatementFault
from tests.db.conftest import RELIABLE_STRATEGIES
from tests.db.relay import through
from tests.db.test_concurrency import settles
from tests.support.database import add, connection_id, opened, query, words
from tests.support.server import start_server


@pytest.fixture(scope="module")
def rules_url(server):
    url = server.create_database()
    with closing(server.connect(url)) as root:
        query(root, "CREATE TABLE parent (parent_id INT PRIMARY KEY, CHECK (parent_id < 9))")
        query(root, "CREATE TABLE child (child_id INT PRIMARY KEY, parent_id INT NOT NULL)")
        query(
            root,
            "ALTER TABLE child ADD CONSTRAINT fk FOREIGN KEY (parent_id)"
            " REFERENCES parent (parent_id)",
        )
        query(root, "CREATE TABLE short (word VARCHAR(3) NOT NULL, day DATE, tiny TINYINT)")
        query(root, "INSERT INTO parent VALUES (1)")
        query(root, "INSERT INTO child VALUES (1, 1)")
    return url


@pytest.mark.parametrize(
    ("statement", "error", "column"),
    [
        ("INSERT INTO parent VALUES (1)", DuplicateKey, ""),
        ("INSERT INTO child VALUES (2, 2)", MissingReference, "parent_id"),
        ("DELETE FROM parent WHERE parent_id = 1", StillReferenced, "parent_id"),
        ("INSERT INTO parent VALUES (9)", CheckViolated, ""),
        ("INSERT INTO short (word) VALUES ('four')", InvalidValue, "word"),
        ("INSERT INTO short (word) VALUES (NULL)", InvalidValue, ""),
        ("INSERT INTO short VALUES ('a', '2026-02-30', 1)", InvalidValue, "day"),
        ("INSERT INTO short VALUES ('a', NULL, 300)", InvalidValue, "tiny"),
        ("INSERT INTO short VALUES ('a', NULL, 'x')", InvalidValue, "tiny"),
        ("SELEKT 1", StatementRejected, ""),
        ("SELECT 1; SELECT 2", StatementRejected, ""),
    ],
)
@pytest.mark.parametrize("driver", ["pymysql", "mysqlclient"])
def test_each_server_error_is_translated_to_its_class(statement, error, column, driver, rules_url):
    with opened(rules_url, db_driver=driver) as db:
        with pytest.raises(error) as caught, db.transaction() as tx:
            tx.execute(statement)

        assert type(caught.value) is error
        assert caught.value.column == column
        assert db.statistics().get("discarded") is None


@pytest.fixture(scope="module", params=["SMALLINT", "MEDIUMINT UNSIGNED", "INT UNSIGNED", "BIGINT"])
def full_url(server, request):
    """A database with a table whose largest possible key is in use."""
    url, (kind, *unsigned) = server.create_database(), request.param.split()
    largest = 256 ** {"SMALLINT": 2, "MEDIUMINT": 3, "INT": 4, "BIGINT": 8}[kind]
    largest = largest - 1 if unsigned else largest // 2 - 1
    with closing(server.connect(url)) as root:
        query(
            root,
            f"CREATE TABLE full (full_id {request.param} AUTO_INCREMENT PRIMARY KEY, word CHAR(9))",
        )
        query(root, "INSERT INTO full VALUES (%s, 'the last')", (largest,))
    return url


@pytest.mark.parametrize("driver", ["pymysql", "mysqlclient"])
@pytest.mark.parametrize(
    "insert", ["INSERT INTO full (word) VALUES ('x')", "insert into `full` (word)\nSELECT 'x'"]
)
def test_a_table_without_keys_is_named(insert, driver, full_url):
    with opened(full_url, db_driver=driver) as db, db.transaction() as tx:
        with pytest.raises(KeysExhausted) as caught:
            tx.execute(insert)

        assert caught.value.table == "full"
        assert tx.fetch_one("SELECT COUNT(*) AS number FROM full") == {"number": 1}


@pytest.mark.parametrize("driver", ["pymysql", "mysqlclient"])
def test_execute_returns_the_number_of_matched_rows(driver, url):
    with opened(url, db_driver=driver) as db, db.transaction() as tx:
        add(tx, "same")

        assert tx.execute("UPDATE word SET touched = 0 WHERE word = %s", ("same",)) == 1
        assert tx.execute("UPDATE word SET touched = 0 WHERE word = %s", ("other",)) == 0


def test_a_killed_statement_is_interrupted_and_keeps_the_connection(url, root):
    waits = "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT word_id %'"
    with opened(url) as db, ThreadPoolExecutor(1) as other:
        with db.transaction() as tx:
            add(tx, "locked")
        query(root, "BEGIN")
        query(root, "UPDATE word SET touched = 1")

        def wait_for_the_lock():
            with db.transaction() as tx:
                tx.fetch_one("SELECT word_id FROM word FOR UPDATE")

        waiting = other.submit(wait_for_the_lock)
        assert settles(lambda: query(root, waits))
        query(root, f"KILL QUERY {query(root, waits)[0][0]}")

        with pytest.raises(StatementInterrupted):
            waiting.result(timeout=20)
        query(root, "ROLLBACK")
        assert db.statistics().get("discarded") is None


def test_a_lock_timeout_is_a_conflict_and_is_retried(url, root):
    runs = []

    def write(tx):
        runs.append(1)
        if len(runs) == 2:
            query(root, "ROLLBACK")
        tx.execute("SET SESSION innodb_lock_wait_timeout = 1")
        tx.execute("UPDATE word SET touched = touched + 1")

    with opened(url) as db:
        with db.transaction() as tx:
            add(tx, "locked")
        query(root, "BEGIN")
        query(root, "UPDATE word SET touched = 10")
        db.run_transaction(write)

    assert len(runs) == 2
    assert query(root, "SELECT touched FROM word") == ((1,),)


def test_a_lock_timeout_rolls_back_the_whole_transaction(url, root):
    with opened(url) as db:
        with db.transaction() as tx:
            add(tx, "locked")
        # By the primary key: in the index of words the lock may include the gap before 'locked'.
        ((word_id,),) = query(root, "SELECT word_id FROM word")
        query(root, "BEGIN")
        query(root, "UPDATE word SET touched = 10 WHERE word_id = %s", (word_id,))
        with pytest.raises(TransactionConflict), db.transaction() as tx:
            tx.execute("SET SESSION innodb_lock_wait_timeout = 1")
            add(tx, "first half")
            with pytest.raises(TransactionConflict):
                tx.execute("UPDATE word SET touched = 20 WHERE word_id = %s", (word_id,))
        query(root, "ROLLBACK")

    assert words(root) == ["locked"]


@pytest.fixture(scope="module")
def replica():
    with start_server() as running:
        url = running.create_database()
        with closing(running.connect(url)) as root:
            query(root, "CREATE TABLE word (word VARCHAR(50) NOT NULL)")
            query(root, "SET GLOBAL read_only = 1")
        yield url


@pytest.mark.parametrize("strategy", RELIABLE_STRATEGIES)
def test_a_connection_to_a_read_only_server_is_discarded(strategy, replica):
    """After a failover the host name leads to another server; an open connection does not."""
    with opened(replica, db_strategy=strategy) as db:
        before = connection_id(db)
        with pytest.raises(ReadOnlyServer), db.transaction() as tx:
            add(tx, "rejected")

        assert db.statistics()["discarded"] == 1
        assert connection_id(db) != before


@pytest.fixture(scope="module")
def lock_timeout_url(server):
    """A database with a function that raises 1205, as a failed wait for the cluster does."""
    url = server.create_database()
    with closing(server.connect(url)) as root:
        query(
            root,
            "CREATE FUNCTION wait_in_vain() RETURNS INT DETERMINISTIC NO SQL"
            " BEGIN SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1205; RETURN 1; END",
        )
    return url


@pytest.mark.parametrize(
    ("consistency", "error", "discarded"),
    [("eventual", TransactionConflict, None), ("causal", ServerNotReady, 1 + 1)],
)
def test_a_causal_read_that_waited_in_vain_is_not_a_conflict(
    consistency, error, discarded, lock_timeout_url
):
    settings = {"db_read_consistency": consistency, "db_outage_patience_seconds": 0}
    with opened(lock_timeout_url, **settings) as db:
        with pytest.raises(error) as caught:
            db.fetch_one("SELECT wait_in_vain()")

        assert type(caught.value) is error
        assert db.statistics().get("discarded") == discarded


def test_in_a_transaction_it_stays_a_conflict(lock_timeout_url):
    with (
        opened(lock_timeout_url, db_read_consistency="causal") as db,
        pytest.raises(TransactionConflict),
        db.transaction() as tx,
    ):
        tx.fetch_one("SELECT wait_in_vain()")


def test_a_begin_that_waited_in_vain_is_sent_again(url, server):
    """Injected: a BEGIN takes no lock, so only a node that waits for its cluster answers so."""
    fault = StatementFault(b"BEGIN", "error", times=1, error=(1205, "Lock wait timeout exceeded"))
    with Proxy(server.port) as proxy, opened(through(proxy, url)) as db:
        proxy.behavior.statement_faults = [fault]
        with db.transaction() as tx:
            add(tx, "once")

        assert db.statistics()["retried_begin"] == 1
