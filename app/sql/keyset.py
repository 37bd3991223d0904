"""Keyset pagination: the statements for the rows of a list that follow a given row.

All of them are deferred joins: a derived table finds keys in an index, without reading rows, and
the rows are then read by their keys. So the number of rows to read is decided before any is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.db.transaction import Reader, Row
from app.sql.conditions import Condition, KeyQuery
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


def page(db: Reader, query: ListQuery, where: Condition) -> list[SelectedRow]:
    """Return the rows that satisfy a condition. The cost is the same at any depth of the list."""
    sql = _page_sql(query.shape, where.sql)
    return _selected(db.fetch_all(sql, (*where.params, *query.after, query.window.limit)))


def scan(
    db: Reader, query: ListQuery, served: Condition, checked: Condition, most: int
) -> list[SelectedRow]:
    """Return those of the next `most` rows that satisfy `checked`.

    An index serves `served` in this order; `checked` is evaluated for each row that it finds.
    """
    sql = _scan_sql(query.shape, served.sql, checked.sql)
    keys = (*served.params, *query.after)
    params = (*checked.params, *keys, most, *keys, most - 1, *checked.params, query.window.limit)
    return _selected(db.fetch_all(sql, params))


def among(
    db: Reader, query: ListQuery, keys: KeyQuery, checked: Condition, most: int
) -> list[SelectedRow] | None:
    """Return those of the rows that a key query finds; None if it finds over `most`."""
    sql = _among_sql(query.shape, keys.limited_to(most + 1), checked.sql)
    checks = (most, *checked.params, *query.after)
    rows = db.fetch_all(sql, (most, *keys.params, *checks, query.window.limit))
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
def _page_sql(shape: Shape, where: str) -> str:
    select, (positions, after, order_by) = shape.select, _order_sql(shape)
    key = f"{select.table}.{select.key}"
    keys = f"SELECT {key} FROM {select.table} WHERE {where}{after} ORDER BY {order_by}"  # noqa: S608
    columns = ", ".join([f"{select.item(shape.projection)} AS item", *positions])
    return (
        f"SELECT {columns} FROM ({keys} LIMIT %s) AS page"  # noqa: S608 - all from query modules
        f" STRAIGHT_JOIN {select.table} ON {key} = page.{select.key}"
        f" {select.joins(shape.projection)} ORDER BY {order_by}"
    )


@lru_cache(maxsize=512)
def _scan_sql(shape: Shape, served: str, checked: str) -> str:
    select, (positions, after, order_by) = shape.select, _order_sql(shape)
    key = f"{select.table}.{select.key}"
    keys = f"SELECT {key} FROM {select.table} WHERE {served}{after} ORDER BY {order_by}"  # noqa: S608
    source = (
        f"(SELECT scan.{select.key}, scan_end.{select.key} AS last_key"  # noqa: S608
        f" FROM ({keys} LIMIT %s) AS scan"
        f" LEFT JOIN ({keys} LIMIT 1 OFFSET %s) AS scan_end ON TRUE) AS scanned"
        f" STRAIGHT_JOIN {select.table} ON {key} = scanned.{select.key}"
    )
    ends = f"{key} <=> scanned.last_key"
    item = f"IF({checked}, {select.item(shape.projection)}, '') AS item"
    columns = ", ".join([item, f"{ends} AS ends_scan", *positions])
    return (
        f"SELECT {columns} FROM {source} {select.joins(shape.projection)}"  # noqa: S608
        f" WHERE ({checked} OR {ends}) ORDER BY {order_by} LIMIT %s"
    )


@lru_cache(maxsize=512)
def _among_sql(shape: Shape, keys: str, checked: str) -> str:
    select, (positions, after, order_by) = shape.select, _order_sql(shape)
    key, joins = select.key, select.joins(shape.projection)
    # With a LEFT JOIN, too many keys return a row even if all of them are NULL.
    source = (
        f"(SELECT DISTINCT {key}, total FROM"  # noqa: S608
        f" (SELECT {key}, COUNT(*) OVER () AS total FROM ({keys}) AS found) AS counted"
        f") AS candidate LEFT JOIN ({select.table} {joins})"
        f" ON {select.table}.{key} = candidate.{key}"
    )
    item = f"IF(candidate.total <= %s, {select.item(shape.projection)}, '') AS item"
    columns = ", ".join([item, "candidate.total", *positions])
    return (
        f"SELECT {columns} FROM {source}"  # noqa: S608
        f" WHERE (candidate.total > %s OR ({checked}{after})) ORDER BY {order_by} LIMIT %s"
    )


def _order_sql(shape: Shape) -> tuple[list[str], str, str]:
    """Return the columns of the position, the end of the WHERE clause, and the order."""
    select, orders = shape.select, shape.orders
    columns = [select.column(order.column) for order in orders]
    columns.append(f"{select.table}.{select.key}")
    descending = [order.descending for order in orders]
    # The key is sorted in the direction of the last column, so that one index serves both.
    descending.append(descending[-1] if descending else False)
    positions = [f"{column} AS position_{number}" for number, column in enumerate(columns)]
    order_by = ", ".join(
        f"{column} DESC" if down else column
        for column, down in zip(columns, descending, strict=True)
    )
    after = f" AND {after_sql(columns, descending)}" if shape.continued else ""
    return positions, after, order_by
