"""The outcome of a COMMIT whose response was lost: found out with a commit token, never guessed."""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Timer

import pytest

from app.db.commit_tokens import CommitToken
from app.db.errors import ConnectionLost, DuplicateKey, OutcomeUnknown
from tests.db.conftest import ALL_COMBINATIONS, ON_EACH_KIND, OWN
from tests.db.relay import through
from tests.db.test_concurrency import THREADS, in_threads, settles
from tests.support.database import add, connection_id, in_child, opened, query, words

CUT, LOSE, HOLD = "cut response", "lose", "hold"
WAITING_LOOKUPS = """
    SELECT COUNT(*) FROM information_schema.processlist
    WHERE info LIKE '%IF(transaction_number%' AND id <> CONNECTION_ID()
"""
TRANSACTIONS = 500
CUTS_PER_COMBINATION = 16
# The lookup kills the lost session first only on `adaptive`.
NOT_ADAPTIVE = [(name, driver) for name, driver in ALL_COMBINATIONS if name != "adaptive"]
SOME = [("pooled", "pymysql"), (OWN, "pymysql"), ("per_request", "mysqlclient")]
ON_ADAPTIVE = [("adaptive", "pymysql"), ("adaptive", "mysqlclient")]


class Writer:
    """A function for `run_transaction` that stores one word per run.

    `sessions` are the connection ids of its runs.
    """

    def __init__(self, before_end=lambda: None):
        self.sessions = []
        self._before_end = before_end

    @property
    def runs(self):
        return len(self.sessions)

    def __call__(self, tx):
        self.sessions.append(connection_id(tx))
        add(tx, f"run {self.runs}")
        self._before_end()
        return f"result {self.runs}"


@pytest.fixture
def behind(combination, url, relay):
    """A `Database` through the relay on each combination."""
    with opened(through(relay, url), **options(combination)) as database:
        yield database


def options(combination, **values):
    """Return settings: a strategy and its driver, and times that suit a test."""
    name, driver = combination
    return {
        "db_strategy": name,
        "db_driver": driver,
        "db_pool_size": 2,
        "db_read_timeout_seconds": 8,
        "db_outage_patience_seconds": 8,
        **values,
    }


def tokens(root):
    """Return the rows of `commit_token`: their ids and numbers."""
    return dict(
        query(root, "SELECT LOWER(HEX(commit_token_id)), transaction_number FROM commit_token")
    )


def test_a_commit_without_a_response_is_found_to_be_stored(behind, relay, root):
    write = Writer()
    relay.faults_in_turn = [(b"COMMIT", CUT)]

    assert behind.run_transaction(write) == "result 1"
    assert words(root) == ["run 1"]
    assert behind.statistics()["commit_found"] == 1


def test_a_commit_that_did_not_arrive_is_run_again(behind, relay, root):
    write = Writer()
    relay.faults_in_turn = [(b"COMMIT", LOSE)]

    assert behind.run_transaction(write) == "result 2"
    assert words(root) == ["run 2"]
    assert behind.statistics()["commit_missing"] == 1


@pytest.mark.parametrize("statement", [b"BEGIN", b"IF(transaction_number", b"FOR UPDATE"])
@pytest.mark.parametrize("lost", [CUT, LOSE])
@ON_EACH_KIND
def test_a_lookup_that_loses_its_connection_is_repeated(behind, relay, root, statement, lost):
    write = Writer()
    relay.faults_in_turn = [(b"COMMIT", CUT), (statement, lost), (statement, lost)]

    assert behind.run_transaction(write) == "result 1"
    assert relay.faults_in_turn == []
    assert words(root) == ["run 1"]


@pytest.mark.parametrize("lost", [CUT, LOSE])
@ON_EACH_KIND
def test_a_lookup_that_found_nothing_is_repeated_if_its_commit_is_lost(behind, relay, root, lost):
    write = Writer()
    relay.faults_in_turn = [(b"COMMIT", LOSE), (b"COMMIT", lost)]

    assert behind.run_transaction(write) == "result 2"
    assert relay.faults_in_turn == []
    assert words(root) == ["run 2"]


@ON_EACH_KIND
def test_what_a_lookup_found_is_final_without_its_commit(behind, relay, root):
    write = Writer()
    relay.cut_response_to = b"COMMIT"  # of the lookup, too

    assert behind.run_transaction(write) == "result 1"
    assert settles(lambda: words(root) == ["run 1"])


def test_the_outcome_is_unknown_if_the_server_is_unreachable(combination, url, relay, root):
    write = Writer(lambda: setattr(relay, "rejects_clients", True))
    relay.faults_in_turn = [(b"COMMIT", CUT)]
    settings = options(combination, db_outage_patience_seconds=0.5)
    with opened(through(relay, url), **settings) as db, pytest.raises(OutcomeUnknown):
        db.run_transaction(write)

    assert write.runs == 1
    assert settles(lambda: words(root) == ["run 1"])


@ON_EACH_KIND
def test_a_lookup_waits_for_a_server_that_returns(behind, relay, root):
    def become_unreachable():
        relay.rejects_clients = True
        Timer(1, setattr, (relay, "rejects_clients", False)).start()

    write = Writer(become_unreachable)
    relay.faults_in_turn = [(b"COMMIT", CUT)]

    assert behind.run_transaction(write) == "result 1"
    assert words(root) == ["run 1"]


def hold_commit(combination, url, relay, **settings):
    """Return a `Database` that gets no response to its next COMMIT, which the relay holds back."""
    relay.faults_in_turn = [(b"COMMIT", HOLD)]
    settings = {"db_read_timeout_seconds": 2, "db_lock_timeout_seconds": 1, **settings}
    return opened(through(relay, url), **options(combination, **settings))


@pytest.mark.parametrize("combination", SOME, ids=", ".join)
def test_the_outcome_is_unknown_while_the_lost_session_is_open(combination, url, relay, root):
    write = Writer()
    with hold_commit(combination, url, relay) as db, pytest.raises(OutcomeUnknown):
        db.run_transaction(write)

    assert write.runs == 1
    assert words(root) == []
    relay.deliver_held()
    assert settles(lambda: words(root) == ["run 1"])


@pytest.mark.parametrize("combination", NOT_ADAPTIVE, ids=", ".join)
def test_a_lookup_waits_until_the_lost_session_has_committed(combination, url, relay, root):
    write = Writer()
    held = hold_commit(combination, url, relay, db_lock_timeout_seconds=30)
    with held as db, ThreadPoolExecutor(1) as pool:
        result = pool.submit(db.run_transaction, write)
        assert settles(lambda: query(root, WAITING_LOOKUPS) == ((1,),))
        relay.deliver_held()

        assert result.result(timeout=60) == "result 1"
    assert words(root) == ["run 1"]


@pytest.mark.parametrize("combination", SOME, ids=", ".join)
def test_a_lookup_waits_until_the_lost_session_was_rolled_back(combination, url, relay, root):
    write = Writer()
    held = hold_commit(combination, url, relay, db_lock_timeout_seconds=30)
    with held as db, ThreadPoolExecutor(1) as pool:
        result = pool.submit(db.run_transaction, write)
        assert settles(lambda: query(root, WAITING_LOOKUPS) == ((1,),))
        (lost,) = write.sessions
        query(root, f"KILL {lost}")

        assert result.result(timeout=60) == "result 2"
    relay.deliver_held()
    assert words(root) == ["run 2"]


@pytest.mark.parametrize("combination", ON_ADAPTIVE, ids=", ".join)
def test_adaptive_kills_the_lost_session_before_the_lookup(combination, url, relay, root):
    write = Writer()
    with hold_commit(combination, url, relay, db_lock_timeout_seconds=30) as db:
        assert db.run_transaction(write) == "result 2"

        assert db.statistics()["orphaned_sessions_killed"] == 1
    assert words(root) == ["run 2"]


@pytest.mark.parametrize("combination", ON_ADAPTIVE, ids=", ".join)
def test_a_commit_without_a_response_within_the_read_timeout_is_repeated_once(
    combination, url, relay, root
):
    write = Writer()
    lookup = (b"COMMIT", None)
    with hold_commit(combination, url, relay, db_lock_timeout_seconds=30) as db:
        relay.faults_in_turn = [(b"COMMIT", HOLD), lookup] * 3
        with pytest.raises(ConnectionLost):
            db.run_transaction(write)

    assert write.runs == 2
    assert words(root) == []


def test_many_cut_commits_are_counted_exactly(url, relay, root):
    """Half of the lost COMMITs reach the server, and half of them do not."""
    query(root, "INSERT INTO word (word) VALUES ('counter')")
    for combination in ALL_COMBINATIONS:
        with opened(through(relay, url), **options(combination)) as db:
            for number in range(CUTS_PER_COMBINATION):
                relay.faults_in_turn = [(b"COMMIT", (CUT, LOSE)[number % 2])]
                db.run_transaction(lambda tx: tx.execute("UPDATE word SET touched = touched + 1"))
                db.end_request()

            assert db.statistics()["commit_found"] == CUTS_PER_COMBINATION // 2
            assert db.statistics()["commit_missing"] == CUTS_PER_COMBINATION // 2

    cuts = CUTS_PER_COMBINATION * len(ALL_COMBINATIONS)
    assert cuts >= 200
    assert query(root, "SELECT touched FROM word") == ((cuts,),)


def test_without_tokens_a_lost_commit_is_an_unknown_outcome(combination, url, relay, root):
    write = Writer()
    relay.faults_in_turn = [(b"COMMIT", LOSE)]
    settings = options(combination, db_commit_tokens=False)
    with opened(through(relay, url), **settings) as db, pytest.raises(OutcomeUnknown):
        db.run_transaction(write)

    assert write.runs == 1


@ON_EACH_KIND
def test_a_select_may_call_a_function_that_writes_so_its_lost_commit_is_unknown(
    behind, relay, root
):
    relay.faults_in_turn = [(b"COMMIT", LOSE)]
    with pytest.raises(OutcomeUnknown):
        behind.run_transaction(connection_id)

    assert tokens(root) == {}


@ON_EACH_KIND
def test_a_write_through_fetch_one_has_a_token(behind, relay, root):
    """As with `INSERT ... RETURNING`."""
    relay.faults_in_turn = [(b"COMMIT", CUT)]
    behind.run_transaction(lambda tx: tx.fetch_one("INSERT INTO word (word) VALUES ('once')"))

    assert words(root) == ["once"]


@ON_EACH_KIND
def test_an_idempotent_transaction_and_a_read_store_no_token(db, root):
    db.run_transaction(lambda tx: add(tx, "word"), idempotent=True)
    db.run_transaction(connection_id)

    assert tokens(root) == {}


@ON_EACH_KIND
def test_the_number_of_rows_is_that_of_concurrent_transactions(db, root):
    def write_many():
        for _ in range(TRANSACTIONS // THREADS):
            db.run_transaction(lambda tx: tx.execute("UPDATE word SET touched = 1"))
        db.end_request()

    in_threads(write_many)

    assert 1 <= len(tokens(root)) <= THREADS
    assert sum(tokens(root).values()) == TRANSACTIONS


@ON_EACH_KIND
def test_concurrent_transactions_never_share_a_row(db, root):
    all_open = Barrier(THREADS, timeout=30)

    def write_at_once():
        for _ in range(3):
            db.run_transaction(touch_nothing_and(all_open.wait))
        db.end_request()

    in_threads(write_at_once)

    assert list(tokens(root).values()) == [3] * THREADS


@ON_EACH_KIND
def test_a_row_that_changed_after_the_first_read_is_not_used(db, root):
    """With MariaDB's `innodb_snapshot_isolation` the server would reject that (1020)."""

    def read_then_write(tx):
        connection_id(tx)
        in_threads(write_in_between, threads=1)
        tx.execute("UPDATE word SET touched = 1")

    def write_in_between():
        db.run_transaction(touch_nothing_and(lambda: None))
        db.end_request()

    db.run_transaction(read_then_write)

    assert list(tokens(root).values()) == [1, 1]


def touch_nothing_and(wait):
    """Return a function that sends an UPDATE and then waits."""

    def run(tx):
        tx.execute("UPDATE word SET touched = 1 WHERE FALSE")
        wait()

    return run


def write_once(db):
    db.run_transaction(touch_nothing_and(lambda: None))
    db.end_request()
    return "done"


def test_a_forked_child_uses_rows_of_its_own(db, root):
    write_once(db)
    assert [in_child(lambda: write_once(db)) for _ in range(2)] == ["done", "done"]
    write_once(db)

    assert sorted(tokens(root).values()) == [1, 1, 2]


@ON_EACH_KIND
def test_a_child_forked_outside_python_uses_rows_of_its_own(db, root, monkeypatch):
    monkeypatch.setattr("app.db.fork_safety._registered", set())  # like a fork by uWSGI, in C
    write_once(db)
    assert in_child(lambda: write_once(db)) == "done"
    write_once(db)

    assert sorted(tokens(root).values()) == [1, 2]


@ON_EACH_KIND
def test_a_child_forked_in_a_transaction_does_not_keep_its_row(db, root):
    def fork(tx):
        tx.execute("UPDATE word SET touched = 1 WHERE FALSE")
        if os.fork() == 0:
            raise ChildError
        os.wait()

    parent = os.getpid()
    try:
        db.run_transaction(fork)
    except ChildError:
        write_once(db)
    finally:
        if os.getpid() != parent:
            os._exit(0)

    assert sorted(tokens(root).values()) == [1, 1]


class ChildError(Exception):
    """Ends the transaction in a forked child."""


@ON_EACH_KIND
def test_a_transaction_that_failed_before_its_token_releases_the_row(db, root):
    db.run_transaction(lambda tx: add(tx, "one"))
    for _ in range(3):
        with pytest.raises(DuplicateKey):
            db.run_transaction(lambda tx: add(tx, "one"))
    write_once(db)

    assert len(tokens(root)) == 1


@pytest.mark.parametrize(
    ("fault", "number"),
    [((b"INTO commit_token", CUT), 1), ((b"COMMIT", CUT), 2), ((b"COMMIT", LOSE), 0)],
)
@ON_EACH_KIND
def test_a_row_is_not_used_again_after_a_lost_connection(behind, relay, root, fault, number):
    """The lost session may still hold its lock."""
    write_once(behind)
    (before,) = tokens(root)
    relay.faults_in_turn = [fault]
    for _ in range(3):
        write_once(behind)

    used = tokens(root)
    assert used.pop(before) == number
    assert len(used) == 1


@ON_EACH_KIND
def test_a_committed_token_does_not_count_for_the_next_transaction(behind, relay, root):
    """Both use the same row."""
    behind.run_transaction(lambda tx: add(tx, "first"))
    relay.faults_in_turn = [(b"COMMIT", LOSE)]
    behind.run_transaction(lambda tx: add(tx, "second"))

    assert words(root) == ["first", "second"]
    assert behind.statistics()["commit_missing"] == 1


@ON_EACH_KIND
def test_a_lookup_in_vain_changes_the_row(db, root):
    """A cluster rejects the lost transaction then, even if it is committed on another node."""
    token = CommitToken("0123456789abcdef" * 2, 1)
    with db.transaction() as tx:
        assert not token.was_committed(tx)

    assert tokens(root) == {token.row_id: 0}
