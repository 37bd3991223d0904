"""Choice of the index in whose order a list is read."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.sql.conditions import Condition
from app.sql.order import Order

Index = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccessPath:
    """How a list is read in order: by an index that serves some conditions; others are checked."""

    served: list[Condition]
    checked: list[Condition]


def access_path(
    key: str, indexes: Sequence[Index], conditions: Sequence[Condition], orders: Sequence[Order]
) -> AccessPath:
    """Return the access path for these conditions and this order.

    An index serves equalities of its first columns, and then the columns of the order, which must
    be its last. Each index ends with the primary key, as in InnoDB. Of several, the one that serves
    most conditions is chosen, then the first. The key alone serves every order of a single row.
    """
    equal = {it.column for it in conditions if it.column and not it.is_range}
    order = tuple(order.column for order in orders)
    leading: Index = ()
    if key in equal:
        leading = (key,)
    else:
        for index in indexes:
            first, last = split(index, order, equal)
            if last == order and len(first) > len(leading) and set(first) <= equal:
                leading = first
    in_order = () if set(order) <= equal else order[:1]
    served = [it for it in conditions if it.column in (in_order if it.is_range else leading)]
    return AccessPath(served, [it for it in conditions if it not in served])


def split(index: Index, order: Index, equal: set[str]) -> tuple[Index, Index]:
    """Return the columns of an index before those of the order, and the order's columns."""
    if set(order) <= equal:  # constant: any order is this order
        return index, order
    middle = len(index) - len(order)
    return index[:middle], index[middle:]
