"""Runs work on many items in few statements, within one transaction; some items may be rejected.

    results = run_for_each(tx, [a, b, c, d], insert_all, rejections=(ConstraintViolation,))

All items are tried at once. If the server rejects them, the work is rolled back to a savepoint and
the list is halved, until the rejected items stand alone; the others are stored. A list without a
rejected item costs one savepoint more than its work, each rejected item about log2(n) attempts. A
deadlock or a broken connection ends the whole transaction, as everywhere.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from .transaction import Transaction

Item = TypeVar("Item")
Result = TypeVar("Result")
Rejection = TypeVar("Rejection", bound=Exception)
Work = Callable[[Transaction, Sequence[Item]], Sequence[Result]]


def run_for_each(
    tx: Transaction,
    items: Sequence[Item],
    work: Work[Item, Result],
    rejections: tuple[type[Rejection], ...],
) -> list[Result | Rejection]:
    """Return for each item, in order, its result or the error that it alone caused.

    `work` returns a result for each item it is called with, or raises. An item
    that conflicts with another one loses against the earlier.
    """
    if not items:
        return []
    # One name for all: a new savepoint replaces an older one of the same name.
    tx.execute("SAVEPOINT before_work")
    try:
        return list(work(tx, items))
    except rejections as rejection:
        tx.execute("ROLLBACK TO SAVEPOINT before_work")
        if len(items) == 1:
            return [rejection]
    half = len(items) // 2
    return [
        *run_for_each(tx, items[:half], work, rejections),
        *run_for_each(tx, items[half:], work, rejections),
    ]
