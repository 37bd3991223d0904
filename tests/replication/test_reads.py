"""`Database.reader`: which reads the replica serves, what they cost, and how old they can be."""

import logging
import os
import signal
import threading
import time
from contextlib import closing, contextmanager

import pytest

from app.db import StatementTimedOut
from tests.replication.conftest import PRIMARY, REPLICA
from tests.support.counting import changes
from tests.support.database import in_child, opened, query
from tests.support.replication import wait_until

# Long enough that no test takes a quarter of it: the replica is measured once.
HOUR = 3600
READS = 10


@pytest.fixture
def open_database(migrated, read_url):
    def open_with(**settings):
        return opened(migrated, **{"database_read_url": read_url, **settings})

    return open_with


@pytest.fixture
def db(open_database):
    """A `Database` that has measured its replica once."""
    with open_database(db_replica_max_lag_seconds=HOUR) as database:
        assert served_by(database.reader()) == REPLICA
        yield database


@pytest.fixture
def table(server, migrated, replica):
    """A table with one row, whose number is 0."""
    with closing(server.connect(migrated)) as root:
        query(root, "CREATE TABLE counter (number INT NOT NULL)")
        query(root, "INSERT INTO counter VALUES (0)")
        replica.wait()
        yield root
        query(root, "DROP TABLE counter")


def served_by(reader):
    return int(reader.fetch_one("SELECT @@server_id AS id")["id"])


def number_in(reader):
    return reader.fetch_one("SELECT number FROM counter")["number"]


def write(database, number):
    with database.transaction() as tx:
        tx.execute("UPDATE counter SET number = %s", (number,))


def questions(server, work):
    return changes(server, work, "Questions")["Questions"]


def test_only_a_reader_uses_the_replica(db):
    with db.transaction() as tx:
        in_transaction = served_by(tx)

    assert [served_by(db), served_by(db.unlimited()), in_transaction] == [PRIMARY] * 3
    assert [served_by(db.reader()), served_by(db.reader(limited=False))] == [REPLICA] * 2


def test_a_read_of_the_replica_is_one_statement_there_and_none_on_the_primary(db, replica, server):
    def read():
        for _ in range(READS):
            served_by(db.reader())

    assert questions(replica.server, read) == READS
    assert questions(server, read) == 0
    assert db.statistics()["replica_measurements"] == 1


@pytest.mark.parametrize("position", [False, True])
def test_a_position_that_is_applied_costs_no_statement(position, db, replica, server, table):
    after = db.position() if position else ""

    assert questions(replica.server, lambda: served_by(db.reader(after))) == 1
    assert questions(server, lambda: served_by(db.reader(after))) == 0


def test_the_replica_is_measured_at_intervals_and_not_for_each_read(open_database):
    with open_database(db_replica_max_lag_seconds=0.4) as database:
        began = time.monotonic()
        reads = 0
        while time.monotonic() < began + 0.5:
            served_by(database.reader())
            reads += 1
        intervals = (time.monotonic() - began) / 0.1

        assert database.statistics()["replica_measurements"] <= intervals + 1 < reads


def test_without_a_replica_a_reader_is_the_database_itself(migrated, replica, server):
    with opened(migrated) as database:
        served_by(database)

        assert database.reader() is database
        assert database.reader("0-1-1") is database
        assert questions(replica.server, lambda: served_by(database.reader())) == 0
        assert questions(server, lambda: served_by(database.reader())) == 1
        assert not any("replica" in name for name in database.statistics())


def test_a_read_after_a_position_waits_for_no_replica(db, replica, table):
    with replica.stopped():
        write(db, 1)
        after = db.position()

        # Without a position the read may be as old as the last measurement.
        assert (served_by(db.reader()), number_in(db.reader())) == (REPLICA, 0)
        assert (served_by(db.reader(after)), number_in(db.reader(after))) == (PRIMARY, 1)


def test_a_replica_that_has_applied_the_position_serves_it(open_database, table):
    with open_database(db_replica_max_lag_seconds=1) as database:
        write(database, 1)
        after = database.position()

        wait_until(lambda: served_by(database.reader(after)) == REPLICA, "the replica is used")

        assert number_in(database.reader(after)) == 1


def test_a_reader_that_used_the_primary_stays_there(open_database, replica, table):
    with open_database(db_replica_max_lag_seconds=0.4) as database:
        write(database, 1)
        with replica.stopped():
            write(database, 2)
            reader = database.reader(database.position())
            assert served_by(reader) == PRIMARY

        wait_until(lambda: served_by(database.reader()) == REPLICA, "the replica is used")
        assert served_by(reader) == PRIMARY


@pytest.mark.parametrize("fault", ["stopped", "delayed", "disconnected"])
def test_no_read_is_older_than_the_limit(fault, open_database, replica, table, caplog):
    """A writer counts up; each number read is at least the one committed the limit ago."""
    caplog.set_level(logging.INFO, "app.db")
    limit = 0.4
    with open_database(db_replica_max_lag_seconds=limit) as database:
        assert served_by(database.reader()) == REPLICA
        with counting_up(database) as committed, failing(replica, fault):
            # From then on, the reads are the primary's.
            old = []
            deadline = time.monotonic() + 3 * limit
            while time.monotonic() < deadline:
                oldest = time.monotonic() - limit
                found = number_in(database.reader())
                expected = max((n for n, at in list(committed) if at <= oldest), default=0)
                old += [(expected, found)] if found < expected else []
            assert old == []
            assert served_by(database.reader()) == PRIMARY
            assert database.statistics()["replica_usable"] == 0
        wait_until(lambda: served_by(database.reader()) == REPLICA, "the replica is used again")

    assert "more than 0.4 s behind the primary; the primary executes all reads" in caplog.text
    assert "the read replica is used" in caplog.messages


@contextmanager
def counting_up(database):
    """Commit 1, 2, 3, ... in a thread; yields a list of the numbers and their times."""
    committed, stop = [], threading.Event()

    def count():
        number = 0
        while not stop.is_set():
            number += 1
            write(database, number)
            committed.append((number, time.monotonic()))

    thread = threading.Thread(target=count)
    thread.start()
    try:
        wait_until(lambda: committed, "a commit")
        yield committed
    finally:
        stop.set()
        thread.join()


def failing(replica, fault):
    if fault == "delayed":
        return replica.delayed(30)
    return replica.disconnected() if fault == "disconnected" else replica.stopped()


def test_reads_survive_the_death_of_the_replica(open_database, replica):
    with open_database(db_replica_max_lag_seconds=1) as database:
        assert served_by(database.reader()) == REPLICA
        replica.server.kill()
        try:
            assert {served_by(database.reader()) for _ in range(READS)} == {PRIMARY}
            assert database.statistics()["replica_failures"] == 1
        finally:
            replica.server.start()

        wait_until(lambda: served_by(database.reader()) == REPLICA, "the replica is used again")


def test_a_replica_that_does_not_respond_delays_one_read(open_database, replica):
    """The limit of the statement and one second; afterwards the primary is used at once."""
    settings = {"db_statement_timeout_seconds": 0.1, "db_replica_max_lag_seconds": HOUR}
    with open_database(**settings) as database:
        assert served_by(database.reader()) == REPLICA
        os.kill(replica.server.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            assert served_by(database.reader()) == PRIMARY
            assert time.monotonic() - began < 5
            statistics = database.statistics()
            assert served_by(database.reader()) == PRIMARY
            assert database.statistics()["replica_opened"] == statistics["replica_opened"]
        finally:
            os.kill(replica.server.pid, signal.SIGCONT)

        wait_until(lambda: served_by(database.reader()) == REPLICA, "the replica is used again")


def test_a_new_connection_is_measured_before_it_is_used(db, replica):
    """It may lead to a server that was restarted with older data."""
    replica.server.restart()

    assert served_by(db.reader()) == REPLICA
    assert db.statistics()["replica_measurements"] == 2


def test_a_table_that_is_missing_on_the_replica_is_read_from_the_primary(db, server, migrated):
    with closing(server.connect(migrated)) as root:
        query(root, "SET SESSION sql_log_bin = 0")
        query(root, "CREATE TABLE unreplicated (number INT NOT NULL)")
        query(root, "INSERT INTO unreplicated VALUES (7)")
        try:
            row = db.reader().fetch_one("SELECT number FROM unreplicated")
        finally:
            query(root, "DROP TABLE unreplicated")

    assert row == {"number": 7}
    assert db.statistics()["replica_errors"] == 1
    assert served_by(db.reader()) == REPLICA


def test_a_slow_query_is_not_repeated_on_the_primary(open_database, server):
    slow = "SELECT COUNT(*) AS n FROM attempt AS a JOIN attempt AS b JOIN attempt AS c"
    settings = {"db_statement_timeout_seconds": 0.1, "db_replica_max_lag_seconds": HOUR}
    with open_database(**settings) as database:
        served_by(database.reader())

        def read():
            with pytest.raises(StatementTimedOut):
                database.reader().fetch_one(slow)

        assert questions(server, read) == 0


def test_a_reader_cannot_be_used_inside_a_transaction(db):
    reader = db.reader()

    with db.transaction(), pytest.raises(RuntimeError, match="a transaction is open"):
        reader.fetch_one("SELECT 1")


def test_a_forked_child_reads_from_the_replica(db):
    assert in_child(lambda: served_by(db.reader())) == str(REPLICA)
    assert served_by(db.reader()) == REPLICA


@pytest.mark.parametrize("strategy", ["per_query", "pooled", "tests.support.own_strategy:Stack"])
def test_other_strategies_use_the_replica(strategy, open_database):
    settings = {"db_strategy": strategy, "db_replica_max_lag_seconds": HOUR}
    with open_database(**settings) as database:
        assert {served_by(database.reader()) for _ in range(3)} == {REPLICA}


def test_the_other_driver_uses_the_replica(open_database):
    with open_database(db_driver="mysqlclient") as database:
        assert served_by(database.reader()) == REPLICA


def test_what_is_no_position_is_rejected(db):
    with pytest.raises(ValueError, match="not a list of GTIDs"):
        db.reader("yesterday")
