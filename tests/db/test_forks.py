"""A forked child never uses or disturbs its parent's connections."""

import gc

from tests.db.conftest import ON_EACH_KIND
from tests.db.test_concurrency import THREADS, hold_at_once
from tests.support.database import add, connection_id, in_child, words


def test_a_child_gets_a_connection_of_its_own(db):
    parent_id = connection_id(db)
    child_id = in_child(lambda: connection_id(db))

    assert child_id.isdigit()
    assert int(child_id) != parent_id


def test_a_parent_keeps_its_connection_after_the_child_exits(db, strategy):
    before = connection_id(db)
    in_child(lambda: connection_id(db))
    in_child(lambda: None)  # exits without using the database

    after = connection_id(db)
    assert after == before or strategy == "per_query"
    assert "retried_read" not in db.statistics()


@ON_EACH_KIND  # a collection in a child of a large process takes 0.3 s
def test_garbage_collection_in_a_child_sends_no_com_quit(db, strategy):
    before = connection_id(db)

    def close_and_collect():
        db.close()
        db.__dict__.clear()
        gc.collect()

    in_child(close_and_collect)

    after = connection_id(db)
    assert after == before or strategy == "per_query"
    assert "retried_read" not in db.statistics()


@ON_EACH_KIND
def test_a_transaction_open_at_the_fork_continues_in_the_parent(db, root):
    with db.transaction() as tx:
        add(tx, "first half")
        in_child(gc.collect)
        add(tx, "second half")

    assert words(root) == ["first half", "second half"]


def test_a_child_can_work_while_the_parent_s_pool_is_exhausted(db):
    with db.transaction() as tx:
        held = connection_id(tx)
        child_id = in_child(lambda: connection_id(db))

    assert int(child_id) != held


def test_a_fork_outside_python_is_detected_at_the_next_use(db, monkeypatch):
    monkeypatch.setattr("app.db.fork_safety._registered", set())  # like a fork by uWSGI, in C
    parent_id = connection_id(db)

    def use_from_all_threads():
        ids = hold_at_once(db)
        return f"{len(set(ids))} {parent_id in ids} {db.statistics()['opened']}"

    distinct, shared, opened = in_child(use_from_all_threads).split()

    assert (distinct, shared) == (str(THREADS), "False")
    assert int(opened) <= 2 * THREADS
    assert connection_id(db)
