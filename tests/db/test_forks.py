"""A child never uses what its parent has open, and never disturbs it."""

import gc

from tests.db.test_concurrency import THREADS, hold_at_once
from tests.support.database import add, connection_id, in_child, words


def test_a_child_gets_a_connection_of_its_own(db):
    parents = connection_id(db)
    childs = in_child(lambda: connection_id(db))

    assert childs.isdigit()
    assert int(childs) != parents


def test_a_parent_keeps_its_connection_after_the_child_exits(db, strategy):
    before = connection_id(db)
    in_child(lambda: connection_id(db))
    in_child(lambda: None)  # uses nothing and exits

    after = connection_id(db)
    assert after == before or strategy == "per_query"
    assert "retried_read" not in db.statistics()


def test_garbage_collection_in_a_child_sends_no_com_quit(db, strategy):
    before = connection_id(db)

    def forget():
        db.close()
        db.__dict__.clear()
        gc.collect()

    in_child(forget)

    after = connection_id(db)
    assert after == before or strategy == "per_query"
    assert "retried_read" not in db.statistics()


def test_a_transaction_open_at_the_fork_continues_in_the_parent(db, root):
    with db.transaction() as tx:
        add(tx, "first half")
        in_child(gc.collect)
        add(tx, "second half")

    assert words(root) == ["first half", "second half"]


def test_a_child_can_work_while_the_parent_s_pool_is_exhausted(db):
    with db.transaction() as tx:
        held = connection_id(tx)
        childs = in_child(lambda: connection_id(db))

    assert int(childs) != held


def test_a_fork_outside_python_is_detected_at_the_next_use(db, monkeypatch):
    monkeypatch.setattr("app.db.fork_safety._registered", set())  # as when uWSGI forks, in C
    parents = connection_id(db)

    def all_threads_at_once():
        ids = hold_at_once(db)
        return f"{len(set(ids))} {parents in ids} {db.statistics()['opened']}"

    distinct, shared, opened = in_child(all_threads_at_once).split()

    assert (distinct, shared) == (str(THREADS), "False")
    assert int(opened) <= 2 * THREADS
    assert connection_id(db)
