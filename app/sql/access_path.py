"""Choice of the index in whose order a list is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.sql.conditions import Condition, all_of
from app.sql.order import Order

Index = tuple[str, ...]

PRIMARY = "PRIMARY"


@dataclass(frozen=True, slots=True)
class AccessPath:
    """How a list is read in order: by an index that serves some conditions; others are checked."""

    index: str
    served: Condition
    checked: list[Condition]


def access_path(
    key: str, indexes: Mapping[str, Index], conditions: Sequence[Condition], orders: Sequence[Order]
) -> AccessPath:
    """Return the access path for these conditions and this order, none of them by a constant.

    An index serves equalities of its first columns, and then the columns of the order, which must
    be its last. Each index ends with the primary key, as in InnoDB. Of several, the one that serves
    most conditions is chosen, then the first. A single row is read by its key, whatever the others.
    """
    equal = {it.column for it in conditions if it.column and not it.is_range}
    if key in equal:
        return AccessPath(PRIMARY, all_of(conditions), [])
    order = tuple(order.column for order in orders)
    leading: Index = ()
    chosen = PRIMARY
    for name, columns in indexes.items():
        middle = len(columns) - len(order)
        first, last = columns[:middle], columns[middle:]
        is_better = len(first) > len(leading) or chosen == PRIMARY
        if last == order and is_better and set(first) <= equal:
            leading, chosen = first, name
    served = [it for it in conditions if it.column in (order[:1] if it.is_range else leading)]
    return AccessPath(chosen, all_of(served), [it for it in conditions if it not in served])
