"""Lists: the rows of a page, for any filters, visibility and order, at a bounded cost.

1. If an index serves all conditions in the order of the list, only the rows of the page are read.
2. Otherwise, if a condition that an index serves alone holds for at most `MAX_EXAMINED` rows, these
   are read, checked and sorted.
3. Otherwise, up to `MAX_EXAMINED` rows are checked in the order of the list. The page may then have
   fewer rows than its limit, or none, and still have a next one.

The result does not depend on which of them is chosen for a page, except for where pages end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.db.transaction import Reader
from app.sql import keyset
from app.sql.access_path import AccessPath, access_path
from app.sql.conditions import NO_ROWS, Condition, KeyQuery, all_of
from app.sql.keyset import ListQuery
from app.sql.rows import SelectedRow
from app.sql.select import Select

MAX_EXAMINED = 1000
# Rows that are checked first for each row of the page, in case many of them match.
FIRST_EXAMINED = 5
# By how much more rows are checked each time, while the page is not full.
GROWTH = 4


def list_rows(db: Reader, query: ListQuery, conditions: Sequence[Condition]) -> list[SelectedRow]:
    """Return the rows of a page that satisfy all of these conditions."""
    if NO_ROWS in conditions:
        return []
    query = _without_constants(query, conditions)
    select, window = query.select, query.window
    path = access_path(select.key, select.indexes, conditions, window.orders)
    if not path.checked:
        return keyset.page(db, query, path.served, path.index)
    found = _among_few(db, query, path, selective=True)
    if found is None:
        found = _scan(db, query, path)
        if len(found) < window.limit and found and found[-1].ends_scan:
            complete = _among_few(db, query, path, selective=False)
            found = found if complete is None else complete
    return found


def _without_constants(query: ListQuery, conditions: Sequence[Condition]) -> ListQuery:
    """Return the query without an order by a column whose value is a constant."""
    constant = {it.column for it in conditions if it.column and not it.is_range}
    orders = tuple(it for it in query.window.orders if it.column not in constant)
    return replace(query, window=replace(query.window, orders=orders))


def key_queries(select: Select, path: AccessPath, *, selective: bool) -> Iterator[KeyQuery]:
    """Return the key queries of the conditions that the access path does not serve."""
    for condition in path.checked:
        if condition.is_selective == selective:
            if condition.keys is not None:
                yield condition.keys
            elif any(index[0] == condition.column for index in select.indexes.values()):
                keys = f"SELECT {select.key} FROM {select.table} WHERE {condition.sql}"  # noqa: S608
                yield KeyQuery(keys, condition.params)


def _among_few(
    db: Reader, query: ListQuery, path: AccessPath, *, selective: bool
) -> list[SelectedRow] | None:
    """Return the rows by the first key query that finds few keys; None if there is none."""
    check = all_of([path.served, *path.checked])
    for keys in key_queries(query.select, path, selective=selective):
        found = keyset.among(db, query, keys, check, MAX_EXAMINED)
        if found is not None:
            return found
    return None


def _scan(db: Reader, query: ListQuery, path: AccessPath) -> list[SelectedRow]:
    """Return the rows among the next ones of an access path.

    Few rows are checked first, then more and more while the page is not full.
    """
    window = query.window
    examined, next_examined = 0, FIRST_EXAMINED * window.limit
    found: list[SelectedRow] = []
    while examined < MAX_EXAMINED:
        most = min(next_examined, MAX_EXAMINED - examined)
        examined, next_examined = examined + most, next_examined * GROWTH
        after = found[-1].position if found else window.after
        found = [row for row in found if row.json]  # the end of the last scan may not match
        rest = replace(window, after=after, limit=window.limit - len(found))
        found += keyset.scan(db, replace(query, window=rest), path, most)
        if len(found) >= window.limit or not found or not found[-1].ends_scan:
            break
    return found
