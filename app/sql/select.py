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
    """Embedded resources of which each row has several, sorted; `source` follows FROM."""

    source: str
    table: str
    order: str


@dataclass(frozen=True, slots=True)
class Order:
    """A column to sort by."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of a list to read: their order, the row to start after, and how many.

    `after` holds that row's values of the columns in `orders`, and its key.
    """

    orders: tuple[Order, ...] = ()
    after: tuple[Any, ...] | None = None
    limit: int = 20


class SelectedRow(NamedTuple):
    """The JSON text of a row, and its values of the columns that the list is sorted by."""

    json: str
    position: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Projection:
    """Which fields and embedded resources to return. No `fields` means all of them."""

    fields: tuple[str, ...] = ()
    embed: tuple[str, ...] = ()


ALL_FIELDS = Projection()


@dataclass(frozen=True, eq=False)
class Select:
    """How a resource is read from the database.

    A field is read from `<table>.<field>`, unless `columns` has an SQL expression for it. A field
    that is a model itself is read from a table of the field's name, which `join` must join.
    `filters` maps parameter names to conditions with one `%s`; a parameter that is not in it is
    compared with the column of its name.
    """

    model: type[BaseModel]
    table: str
    key: str
    join: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    embeds: Mapping[str, ToOne | ToMany] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)

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
        after = () if window.after is None else _after_params(window.after)
        rows = db.fetch_all(sql, (*where.params, *after, window.limit))
        return [SelectedRow(row.pop("item"), tuple(row.values())) for row in rows]

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
        columns = [self._column(order.column) for order in orders]
        columns.append(f"{self.table}.{self.key}")
        descending = [order.descending for order in orders]
        # The key is sorted in the direction of the last column, so that one index serves both.
        descending.append(descending[-1] if descending else False)
        if continued:
            where += f" AND {_after_sql(columns, descending)}"
        positions = [f"{column} AS position_{number}" for number, column in enumerate(columns)]
        order_by = ", ".join(
            f"{column} DESC" if down else column
            for column, down in zip(columns, descending, strict=True)
        )
        select = self._select_sql(projection, positions)
        return f"{select} WHERE {where} ORDER BY {order_by} LIMIT %s"

    def _select_sql(self, projection: Projection, more_columns: Sequence[str]) -> str:
        embeds = [self.embeds[name] for name in projection.embed]
        joins = [self.join, *(embed.join for embed in embeds if isinstance(embed, ToOne))]
        columns = ", ".join([f"{self._item(projection)} AS item", *more_columns])
        # All SQL comes from the query modules; values are always bound.
        return f"SELECT {columns} FROM {self.table} {' '.join(joins)}"  # noqa: S608

    def _item(self, projection: Projection) -> str:
        wanted = {self.key, *(projection.fields or self.model.model_fields)} - self.embeds.keys()
        return json_object(
            {
                name: self._value(name, info.annotation)
                for name, info in self.model.model_fields.items()
                if name in wanted or name in projection.embed
            }
        )

    def _value(self, name: str, annotation: Any) -> str:
        embed = self.embeds.get(name)
        if isinstance(embed, ToMany):
            return json_array(annotation, embed.source, embed.table, embed.order)
        return json_value(annotation, self._column(name), name)

    def _column(self, name: str) -> str:
        return self.columns.get(name, f"{self.table}.{name}")


def _after_sql(columns: Sequence[str], descending: Sequence[bool]) -> str:
    """Return the condition for rows after a given row in this order; see `_after_params`.

    It is (a > %s OR (a = %s AND (b < %s OR ...))), preceded by a >= %s: only a plain comparison
    of the first column lets the server seek in its index.
    """
    sql = ""
    for column, down in reversed(list(zip(columns, descending, strict=True))):
        step = f"{column} {'<' if down else '>'} %s"
        sql = f"({step} OR ({column} = %s AND {sql}))" if sql else step
    return f"{columns[0]} {'<=' if descending[0] else '>='} %s AND {sql}"


def _after_params(after: Sequence[Any]) -> list[Any]:
    """Return the values for `_after_sql`: the first one, each but the last twice, the last."""
    *leading, last = after
    return [after[0], *(value for value in leading for _ in range(2)), last]
