"""Two transactions that conflict: deadlocks are retried, nothing is stored in part."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from app.db.errors import TransactionConflict
from tests.db.conftest import ON_EACH_KIND
from tests.support.database import add, query, words


class Crosswise:
    """Two transactions that lock one row each and then update the other's row."""

    def __init__(self, root):
        self.ids = [row[0] for row in query(root, "SELECT word_id FROM word ORDER BY word_id")]
        self.both_locked = Barrier(2, timeout=30)

    def transaction(self, number):
        mine, theirs = self.ids[number], self.ids[1 - number]
        runs = []

        def run(tx):
            runs.append(number)
            self.touch(tx, mine)
            if len(runs) == 1:
                self.both_locked.wait()
            self.touch(tx, theirs)

        return run

    @staticmethod
    def touch(tx, word_id):
        tx.execute("UPDATE word SET touched = touched + 1 WHERE word_id = %s", (word_id,))


@pytest.fixture
def crosswise(db, root):
    with db.transaction() as tx:
        add(tx, "left")
        add(tx, "right")
    return Crosswise(root)


def run_both(db, work):
    """Run `work(0)` and `work(1)` at the same time; returns their exceptions."""

    def request(number):
        try:
            work(number)
        finally:
            db.end_request()

    with ThreadPoolExecutor(2) as pool:
        return [future.exception() for future in [pool.submit(request, n) for n in (0, 1)]]


def touched(root):
    return [row[0] for row in query(root, "SELECT touched FROM word ORDER BY word_id")]


@ON_EACH_KIND
def test_a_deadlock_is_retried(db, root, crosswise):
    failures = run_both(db, lambda number: db.run_transaction(crosswise.transaction(number)))

    assert failures == [None, None]
    assert touched(root) == [2, 2]


@ON_EACH_KIND
def test_a_deadlock_victim_that_continues_stores_nothing(db, root, crosswise):
    def careless(number):
        with db.transaction() as tx:
            try:
                crosswise.transaction(number)(tx)
            except TransactionConflict:
                with pytest.raises(TransactionConflict):
                    add(tx, "after the deadlock")

    failures = run_both(db, careless)

    assert {type(failure) for failure in failures} == {type(None), TransactionConflict}
    assert touched(root) == [1, 1]
    assert words(root) == ["left", "right"]
