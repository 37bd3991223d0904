"""Much work in few statements, within one unit, where a part of it may be refused.

    each_for_itself(tx, [a, b, c, d], insert_all, refusals=(ConstraintViolation,))

All of it is tried at once. What the server refuses is taken back to a
savepoint and halved, until those that are to blame stand alone; the others are
stored. So a list without a fault costs one savepoint more than its work, and
each fault about as many tries as the list can be halved. The unit as a whole
belongs to `Database`: a deadlock or a broken connection ends all of it.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from app.db.transaction import Transaction

Item = TypeVar("Item")
Result = TypeVar("Result")
Refusal = TypeVar("Refusal", bound=Exception)
Work = Callable[[Transaction, Sequence[Item]], Sequence[Result]]


def each_for_itself(
    tx: Transaction,
    items: Sequence[Item],
    work: Work[Item, Result],
    refusals: tuple[type[Refusal], ...],
) -> list[Result | Refusal]:
    """Give, for each item in order, its result or the refusal that it alone met.

    `work` gives a result for each item it is called with, or raises. An item
    that clashes with another one loses against the earlier.
    """
    if not items:
        return []
    # One name for all: the server forgets the older one of a name.
    tx.execute("SAVEPOINT before_the_work")
    try:
        return list(work(tx, items))
    except refusals as refusal:
        tx.execute("ROLLBACK TO SAVEPOINT before_the_work")
        if len(items) == 1:
            return [refusal]
    half = len(items) // 2
    return [
        *each_for_itself(tx, items[:half], work, refusals),
        *each_for_itself(tx, items[half:], work, refusals),
    ]
