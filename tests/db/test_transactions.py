"""A transaction is stored as a whole or not at all, on every strategy."""

import pytest

from app.db.errors import ConnectionLost, DuplicateKey, OutcomeUnknown
from tests.db.conftest import ON_EACH_KIND
from tests.db.test_concurrency import THREADS, hold_at_once, in_threads, request
from tests.support.counting import changes
from tests.support.database import add, connection_id, kill_all, words


def test_a_transaction_is_stored_as_a_whole(db, root):
    with db.transaction() as tx:
        add(tx, "first half")
        add(tx, "second half")

    assert words(root) == ["first half", "second half"]


def test_an_exception_stores_nothing(db, root):
    with pytest.raises(ZeroDivisionError), db.transaction() as tx:
        add(tx, "first half")
        _ = 1 / 0

    assert words(root) == []


def test_a_killed_connection_fails_the_whole_transaction(db, root, kill):
    with pytest.raises(ConnectionLost), db.transaction() as tx:
        add(tx, "first half")
        kill(tx)
        add(tx, "second half")

    assert words(root) == []


@ON_EACH_KIND
def test_a_lost_connection_fails_the_transaction_even_if_the_error_was_caught(db, root, kill):
    def careless(tx):
        add(tx, "first half")
        kill(tx)
        with pytest.raises(ConnectionLost):
            add(tx, "second half")

    with pytest.raises(ConnectionLost), db.transaction() as tx:
        careless(tx)

    assert words(root) == []


@ON_EACH_KIND
def test_nothing_is_sent_after_the_connection_was_lost(db, root, kill):
    with pytest.raises(ConnectionLost), db.transaction() as tx:
        kill(tx)
        for word in ("one", "two", "three"):
            with pytest.raises(ConnectionLost):
                add(tx, word)

    assert words(root) == []


def test_the_next_transaction_works_after_a_lost_connection(db, root, kill):
    with pytest.raises(ConnectionLost), db.transaction() as tx:
        kill(tx)
        add(tx, "lost")

    with db.transaction() as tx:
        add(tx, "stored")

    assert words(root) == ["stored"]


@ON_EACH_KIND
def test_a_connection_killed_before_the_commit_raises_an_error(db, kill):
    # The server's FIN does not tell whether it had read the COMMIT.
    with pytest.raises((ConnectionLost, OutcomeUnknown)), db.transaction() as tx:
        add(tx, "perhaps")
        kill(tx)


def test_run_transaction_retries_after_a_lost_connection(db, root, kill):
    runs = []

    def write(tx):
        runs.append(tx)
        add(tx, f"run {len(runs)}")
        if len(runs) == 1:
            kill(tx)
        add(tx, "second half")

    db.run_transaction(write)

    assert words(root) == ["run 2", "second half"]


def test_a_read_on_a_killed_connection_succeeds_on_another_one(db, root, url):
    db.fetch_one("SELECT 1")
    kill_all(root, url)

    assert db.fetch_one("SELECT 2 AS two") == {"two": 2}


def test_a_transaction_on_a_killed_connection_begins_on_another_one(db, root, url):
    db.fetch_one("SELECT 1")
    kill_all(root, url)

    with db.transaction() as tx:
        add(tx, "stored")

    assert words(root) == ["stored"]


def test_all_statements_of_a_transaction_run_on_one_connection(db):
    with db.transaction() as tx:
        ids = {connection_id(tx) for _ in range(5)}

    assert len(ids) == 1


@ON_EACH_KIND
def test_a_transaction_sends_an_explicit_begin(db, server):
    def transaction():
        with db.transaction() as tx:
            add(tx, "one")

    assert changes(server, transaction, "Com_begin") == {"Com_begin": 1}


@ON_EACH_KIND
def test_a_transaction_continues_after_a_constraint_violation(db, root):
    with db.transaction() as tx:
        add(tx, "twice")

    with db.transaction() as tx:
        with pytest.raises(DuplicateKey) as caught:
            add(tx, "twice")
        add(tx, "continued")

    assert caught.value.column == "word"
    assert words(root) == ["twice", "continued"]


@ON_EACH_KIND
def test_a_thread_in_a_transaction_cannot_read_outside_of_it(db):
    with db.transaction(), pytest.raises(RuntimeError, match="a transaction is open"):
        db.fetch_one("SELECT 1")


@ON_EACH_KIND
def test_non_ascii_text_is_stored_unchanged(db, root):
    with db.transaction() as tx:
        add(tx, "Zoë Þórsdóttir 東京 🎓")

    assert words(root) == ["Zoë Þórsdóttir 東京 🎓"]
    assert db.fetch_one("SELECT word FROM word") == {"word": "Zoë Þórsdóttir 東京 🎓"}


def test_reads_succeed_when_all_idle_connections_were_killed(db, root, url):
    hold_at_once(db)
    kill_all(root, url)

    assert in_threads(lambda: request(db)) == [{"one": 1}] * THREADS
