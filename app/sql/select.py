"""SELECT statements whose rows are JSON objects built by the database server.

A query module declares its resource once: a pydantic model, whose fields are the columns, and the
tables they come from. The JSON text is sent to the client unchanged, without being parsed
(docs/decisions, 9). Which rows a caller may see is decided by the query modules.

A statement depends only on its shape: projection, conditions, order. The text of each shape is
built once and cached; values are bound when it is executed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import BaseModel

from app.db.transaction import Reader
from app.sql.json_columns import json_array, json_object, json_value
from app.sql.order import Order, after_params, after_sql

MAX_EMBEDDED = 100
LINK_PREFIX = "all_"


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL for a WHERE clause, with one `%s` for each of `params`. An OR must be in parentheses."""

    sql: str
    params: tuple[Any, ...] = ()

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(f"{self.sql} AND {other.sql}", self.params + other.params)


ALL_ROWS = Condition("TRUE")
NO_ROWS = Condition("FALSE")


@dataclass(frozen=True, slots=True)
class ToOne:
    """An embedded resource of which each row has one; `join` joins its table.

    The table or its alias has the name of the field. Use a LEFT JOIN: with an inner join the
    server may start from the joined table and sort all its rows to return one page.
    """

    join: str


@dataclass(frozen=True, slots=True)
class ToMany:
    """Embedded resources of which each row has several, sorted; `source` follows FROM.

    At most `MAX_EMBEDDED` are embedded, next to a link to the list of all of them: `list_url`
    followed by the key of the row, in the field `all_<name>`.
    """

    source: str
    table: str
    order: str
    list_url: str


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of a list to read: their order, the row to start after, and how many.

    `after` holds that row's values of the columns in `orders`, and its key.
    """

    orders: tuple[Order, ...] = ()
    after: tuple[Any, ...] | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Scan:
    """How a list is filtered by conditions that no index serves: a number of rows per page.

    `most` rows are checked for each page, in the order of the list, so a page may have fewer rows
    than its limit, or none, and still have a next one. `sought` are the filters that an index
    serves in every order, `few` those that select few rows, so that all of them are checked.
    `sought_by_order` maps a range filter to the column that the list must be sorted by.
    """

    most: int
    sought: frozenset[str] = frozenset()
    few: frozenset[str] = frozenset()
    sought_by_order: Mapping[str, str] = field(default_factory=dict)

    def is_sought(self, name: str, orders: Sequence[Order]) -> bool:
        """Return whether an index serves this filter in this order."""
        column = self.sought_by_order.get(name)
        return name in self.sought or bool(orders and column == orders[0].column)


class SelectedRow(NamedTuple):
    """The JSON text of a row, and its values of the columns that the list is sorted by.

    `ends_scan`: it is the last row that was checked for this page, and others follow it.
    """

    json: str
    position: tuple[Any, ...] = ()
    ends_scan: bool = False


@dataclass(frozen=True, slots=True)
class Projection:
    """Which fields and embedded resources to return. No `fields` means all of them.

    `unlisted` are the embedded resources that get no link, since the caller may not list them.
    """

    fields: tuple[str, ...] = ()
    embed: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()


ALL_FIELDS = Projection()


@dataclass(frozen=True, eq=False)
class Select:
    """How a resource is read from the database.

    A field is read from `<table>.<field>`, unless `columns` has an SQL expression for it. A field
    that is a model itself is read from a table of the field's name, which `join` must join.
    `filters` maps parameter names to conditions with one `%s`; a parameter that is not in it is
    compared with the column of its name. With `scan`, pages are filtered in `scan_page`.
    """

    model: type[BaseModel]
    table: str
    key: str
    join: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    embeds: Mapping[str, ToOne | ToMany] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)
    scan: Scan | None = None

    def where(self, filters: Mapping[str, Any]) -> Condition:
        """Return the condition for the filter parameters of a list."""
        found = ALL_ROWS
        for name, value in filters.items():
            sql = self.filters.get(name) or f"{self._column(name)} = %s"
            found &= Condition(sql, (value,))
        return found

    def read_one(
        self, db: Reader, key: Any, visible: Condition, projection: Projection = ALL_FIELDS
    ) -> str | None:
        """Return the JSON of the row with this key, or None if it is missing or not visible."""
        row = db.fetch_one(self._row_sql(projection, visible.sql), (key, *visible.params))
        return None if row is None else row["item"]

    def read_with_rule(
        self, db: Reader, key: Any, visible: Condition, rule: Condition, *, lock: bool = False
    ) -> tuple[str, bool] | None:
        """Return the JSON of a row and whether `rule` holds for it.

        With `lock`, the row stays locked until the end of the transaction.
        """
        sql = self._row_sql(ALL_FIELDS, visible.sql, rule=rule.sql, lock=lock)
        row = db.fetch_one(sql, (*rule.params, key, *visible.params))
        return None if row is None else (row["item"], bool(row["allowed"]))

    def contains(self, db: Reader, key: Any, visible: Condition) -> bool:
        """Return whether a row with this key exists and is visible."""
        sql = f"SELECT 1 FROM {self.table} WHERE {self.table}.{self.key} = %s AND {visible.sql}"  # noqa: S608
        return db.fetch_one(sql, (key, *visible.params)) is not None

    def would_allow(self, db: Reader, values: Mapping[str, Any], rule: Condition) -> bool:
        """Return whether `rule` would hold for a row with these values, which is not stored.

        Values that are objects themselves belong to other tables and are ignored.
        """
        columns = {name: value for name, value in values.items() if not isinstance(value, dict)}
        row = ", ".join(f"%s AS {name}" for name in columns)
        found = db.fetch_one(
            f"SELECT ({rule.sql}) AS allowed FROM (SELECT {row}) AS {self.table}",  # noqa: S608
            (*rule.params, *columns.values()),
        )
        return found is not None and bool(found["allowed"])

    def page(
        self, db: Reader, where: Condition, window: Window, projection: Projection = ALL_FIELDS
    ) -> list[SelectedRow]:
        """Return the rows of a window. The cost does not depend on how far into the list it is."""
        sql = self._page_sql(projection, where.sql, window.orders, window.after is not None)
        after = () if window.after is None else after_params(window.after)
        rows = db.fetch_all(sql, (*where.params, *after, window.limit))
        return [SelectedRow(row.pop("item"), tuple(row.values())) for row in rows]

    def scan_page(
        self,
        db: Reader,
        where: Condition,
        check: Condition,
        window: Window,
        projection: Projection = ALL_FIELDS,
    ) -> list[SelectedRow]:
        """Return the rows of a window among the next `scan.most` rows of `where`, in its order.

        `where` is served by an index; `check` is evaluated for each of these rows.
        """
        most = self.scan.most if self.scan else window.limit
        sql = self._scan_sql(
            projection, where.sql, check.sql, window.orders, window.after is not None
        )
        after = () if window.after is None else after_params(window.after)
        keys = (*where.params, *after)
        params = (*check.params, *keys, most, *keys, most - 1, *check.params, window.limit)
        rows = db.fetch_all(sql, params)
        return [
            SelectedRow(
                row.pop("item"), ends_scan=bool(row.pop("ends_scan")), position=(*row.values(),)
            )
            for row in rows
        ]

    @lru_cache(maxsize=512)  # noqa: B019 - there is one instance per resource, never deleted
    def _row_sql(
        self, projection: Projection, visible: str, *, rule: str = "", lock: bool = False
    ) -> str:
        columns = [f"({rule}) AS allowed"] if rule else []
        sql = self._select_sql(projection, columns)
        sql += f" WHERE {self.table}.{self.key} = %s AND {visible}"
        return sql + " FOR UPDATE" if lock else sql

    @lru_cache(maxsize=512)  # noqa: B019
    def _page_sql(
        self, projection: Projection, where: str, orders: tuple[Order, ...], continued: bool
    ) -> str:
        positions, after, order_by = self._order_sql(orders)
        if continued:
            where += f" AND {after}"
        select = self._select_sql(projection, positions)
        return f"{select} WHERE {where} ORDER BY {order_by} LIMIT %s"

    @lru_cache(maxsize=512)  # noqa: B019
    def _scan_sql(
        self,
        projection: Projection,
        where: str,
        check: str,
        orders: tuple[Order, ...],
        continued: bool,
    ) -> str:
        positions, after, order_by = self._order_sql(orders)
        key = f"{self.table}.{self.key}"
        # Only keys are read in order, from the index alone; the rows follow by their keys.
        keys = f"SELECT {key} FROM {self.table} WHERE {where}"  # noqa: S608
        keys += f" AND {after} ORDER BY" if continued else " ORDER BY"
        scan = (
            f"(SELECT scan.{self.key}, scan_end.{self.key} AS last_key"  # noqa: S608
            f" FROM ({keys} {order_by} LIMIT %s) AS scan"
            f" LEFT JOIN ({keys} {order_by} LIMIT 1 OFFSET %s) AS scan_end ON TRUE) AS scanned"
            f" STRAIGHT_JOIN {self.table} ON {key} = scanned.{self.key}"
        )
        ends = f"{key} <=> scanned.last_key"
        item = f"IF({check}, {self._item(projection)}, '') AS item"
        columns = ", ".join([item, f"{ends} AS ends_scan", *positions])
        return (
            f"SELECT {columns} FROM {scan} {self._joins(projection)}"  # noqa: S608
            f" WHERE ({check} OR {ends}) ORDER BY {order_by} LIMIT %s"
        )

    def _order_sql(self, orders: tuple[Order, ...]) -> tuple[list[str], str, str]:
        """Return the columns of the position, the condition for later rows, and the order."""
        columns = [self._column(order.column) for order in orders]
        columns.append(f"{self.table}.{self.key}")
        descending = [order.descending for order in orders]
        # The key is sorted in the direction of the last column, so that one index serves both.
        descending.append(descending[-1] if descending else False)
        positions = [f"{column} AS position_{number}" for number, column in enumerate(columns)]
        order_by = ", ".join(
            f"{column} DESC" if down else column
            for column, down in zip(columns, descending, strict=True)
        )
        return positions, after_sql(columns, descending), order_by

    def _select_sql(self, projection: Projection, more_columns: Sequence[str]) -> str:
        columns = ", ".join([f"{self._item(projection)} AS item", *more_columns])
        # All SQL comes from the query modules; values are always bound.
        return f"SELECT {columns} FROM {self.table} {self._joins(projection)}"  # noqa: S608

    def _joins(self, projection: Projection) -> str:
        embeds = [self.embeds[name] for name in projection.embed]
        joins = [self.join, *(embed.join for embed in embeds if isinstance(embed, ToOne))]
        return " ".join(joins)

    def _item(self, projection: Projection) -> str:
        optional = {*self.embeds, *(f"{LINK_PREFIX}{name}" for name in self.embeds)}
        wanted = {self.key, *(projection.fields or self.model.model_fields)} - optional
        for name in projection.embed:
            wanted |= {name} if name in projection.unlisted else {name, f"{LINK_PREFIX}{name}"}
        return json_object(
            {
                name: self._value(name, info.annotation)
                for name, info in self.model.model_fields.items()
                if name in wanted
            }
        )

    def _value(self, name: str, annotation: Any) -> str:
        embed = self.embeds.get(name.removeprefix(LINK_PREFIX))
        if isinstance(embed, ToMany):
            if name.startswith(LINK_PREFIX):
                return f"CONCAT('{embed.list_url}', {self.table}.{self.key})"
            return json_array(annotation, embed.source, embed.table, embed.order, MAX_EMBEDDED)
        return json_value(annotation, self._column(name), name)

    def _column(self, name: str) -> str:
        return self.columns.get(name, f"{self.table}.{name}")
