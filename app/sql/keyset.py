"""Keyset pagination: the statements for the rows of a list that follow a given row.

If an index serves all conditions in the order of the list, its rows are read until the page is
full. Otherwise the statement is a deferred join: a derived table finds keys in an index, without
reading rows, and the rows are then read by their keys. So the number of rows to read is decided
before any is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.db.transaction import Reader, Row
from app.sql.access_path import AccessPath
from app.sql.conditions import Condition, KeyQuery, all_of
from app.sql.order import Order, after_params, after_sql
from app.sql.rows import SelectedRow, Window
from app.sql.select import ALL_FIELDS, Projection, Select


@dataclass(frozen=True, slots=True)
class Shape:
    """What the text of a statement depends on, besides its conditions."""

    select: Select
    projection: Projection
    orders: tuple[Order, ...]
    continued: bool


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The rows of a window of a list."""

    select: Select
    window: Window
    projection: Projection = ALL_FIELDS

    @property
    def shape(self) -> Shape:
        """The shape of its statements."""
        orders, continued = self.window.orders, self.window.after is not None
        return Shape(self.select, self.projection, orders, continued)

    @property
    def after(self) -> Sequence[Any]:
        """The parameters of the condition for rows after the window's start."""
        return () if self.window.after is None else after_params(self.window.after)


def page(db: Reader, query: ListQuery, where: Condition, index: str = "") -> list[SelectedRow]:
    """Return the rows that satisfy a condition, by this index, or by one that the server chooses.

    If the index serves the condition in the order of the list, the cost is the same at any depth.
    """
    sql = _page_sql(query.shape, where.sql, index)
    return _selected(db.fetch_all(sql, (*where.params, *query.after, query.window.limit)))


def scan(db: Reader, query: ListQuery, path: AccessPath, most: int) -> list[SelectedRow]:
    """Return those of the next `most` rows of an access path that satisfy all conditions."""
    checked = all_of(path.checked)
    sql = _scan_sql(query.shape, path.served.sql, path.index, checked.sql)
    keys = (*path.served.params, *query.after)
    params = (*checked.params, *keys, most, *keys, most - 1, query.window.limit)
    return _selected(db.fetch_all(sql, params))


def among(
    db: Reader, query: ListQuery, keys: KeyQuery, checked: Condition, most: int
) -> list[SelectedRow] | None:
    """Return those of the rows that a key query finds; None if it finds over `most`."""
    sql = _among_sql(query.shape, keys.limited_to(most + 1), checked.sql)
    checks = (most, *checked.params, *query.after)
    rows = db.fetch_all(sql, (most, *keys.params, most, *checks, query.window.limit))
    if rows and rows[0]["total"] > most:
        return None
    for row in rows:
        del row["total"]
    return _selected(rows)


def _selected(rows: list[Row]) -> list[SelectedRow]:
    return [
        SelectedRow(
            row.pop("item"), ends_scan=bool(row.pop("ends_scan", 0)), position=(*row.values(),)
        )
        for row in rows
    ]


@lru_cache(maxsize=512)
def _page_sql(shape: Shape, where: str, index: str) -> str:
    if not index:
        return _with_items(shape, f"{_keys_sql(shape, where, index)} LIMIT %s")
    select = shape.select
    columns = [f"{select.item(shape.projection)} AS item", *_position(shape)]
    # In this order of tables, the rows need not be sorted.
    return (
        f"SELECT STRAIGHT_JOIN {', '.join(columns)}"  # noqa: S608 - all from query modules
        f" FROM {select.table} FORCE INDEX ({index}) {select.joins(shape.projection)}"
        f" WHERE {where}{_after_sql(shape)} ORDER BY {_order_by(shape)} LIMIT %s"
    )


@lru_cache(maxsize=512)
def _scan_sql(shape: Shape, served: str, index: str, checked: str) -> str:
    table, key = shape.select.table, shape.select.key
    keys = _keys_sql(shape, served, index)
    scanned = (
        f"(SELECT scan.{key}, scan_end.{key} AS last_key"  # noqa: S608
        f" FROM ({keys} LIMIT %s) AS scan"
        f" LEFT JOIN ({keys} LIMIT 1 OFFSET %s) AS scan_end ON TRUE) AS scanned"
    )
    matching = (
        f"SELECT {table}.{key}, {checked} AS matches,"  # noqa: S608
        f" {table}.{key} <=> scanned.last_key AS ends_scan"
        f" FROM {scanned} STRAIGHT_JOIN {table} ON {table}.{key} = scanned.{key}"
        f" HAVING matches OR ends_scan ORDER BY {_order_by(shape)} LIMIT %s"
    )
    return _with_items(shape, matching, "ends_scan")


@lru_cache(maxsize=512)
def _among_sql(shape: Shape, keys: str, checked: str) -> str:
    table, key = shape.select.table, shape.select.key
    counted = f"SELECT {key}, COUNT(*) OVER () AS total FROM ({keys}) AS found"  # noqa: S608
    # With a LEFT JOIN, too many keys return a row even if all of them are NULL.
    matching = (
        f"SELECT candidate.{key}, candidate.total, candidate.total <= %s AS matches"  # noqa: S608
        f" FROM (SELECT DISTINCT {key}, total FROM ({counted}) AS counted) AS candidate"
        f" LEFT JOIN {table} ON {table}.{key} = candidate.{key} AND candidate.total <= %s"
        f" WHERE candidate.total > %s OR ({checked}{_after_sql(shape)})"
        f" ORDER BY {_order_by(shape)} LIMIT %s"
    )
    return _with_items(shape, matching, "total")


def _keys_sql(shape: Shape, where: str, index: str) -> str:
    """Return the query of keys in the order of the list, from an index, without its limit."""
    table, key = shape.select.table, shape.select.key
    # By its statistics, the server may expect another index, and sorting, to be faster.
    source = f"{table} FORCE INDEX ({index})" if index else table
    where += _after_sql(shape)
    return f"SELECT {table}.{key} FROM {source} WHERE {where} ORDER BY {_order_by(shape)}"  # noqa: S608


def _with_items(shape: Shape, keys: str, flag: str = "") -> str:
    """Return the query of the items and positions of the rows with these keys.

    With `flag`, a column of `keys` that is also returned, rows that do not match have no item.
    """
    select = shape.select
    item = select.item(shape.projection)
    columns = (
        [f"IF(page.matches, {item}, '') AS item", f"page.{flag}"] if flag else [f"{item} AS item"]
    )
    columns += _position(shape)
    return (
        f"SELECT {', '.join(columns)} FROM ({keys}) AS page"  # noqa: S608 - all from query modules
        f" LEFT JOIN ({select.table} {select.joins(shape.projection)})"
        f" ON {select.table}.{select.key} = page.{select.key} ORDER BY {_order_by(shape)}"
    )


def _columns(shape: Shape) -> list[str]:
    """Return the columns of a position: those of the order and the key."""
    select = shape.select
    columns = [select.column(order.column) for order in shape.orders]
    return [*columns, f"{select.table}.{select.key}"]


def _position(shape: Shape) -> list[str]:
    return [f"{column} AS position_{number}" for number, column in enumerate(_columns(shape))]


def _descending(shape: Shape) -> list[bool]:
    """Return the direction of each column of a position.

    The key is sorted in the direction of the last column, so that one index serves both.
    """
    descending = [order.descending for order in shape.orders]
    return [*descending, descending[-1] if descending else False]


def _after_sql(shape: Shape) -> str:
    """Return the end of the WHERE clause: the condition for rows after a position, if any."""
    condition = after_sql(_columns(shape), _descending(shape))
    return f" AND {condition}" if shape.continued else ""


def _order_by(shape: Shape) -> str:
    columns = list(zip(_columns(shape), _descending(shape), strict=True))
    # MariaDB does not use a unique index for an order by its column and the key.
    if shape.orders and shape.orders[-1].column in shape.select.unique:
        columns.pop()
    return ", ".join(f"{column} DESC" if down else column for column, down in columns)
