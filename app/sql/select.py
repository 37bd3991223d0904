"""SELECTs whose rows are JSON objects, written by the server itself.

A query module declares once what its resource looks like: a pydantic model,
whose fields are the columns, and the tables they come from. The JSON text
goes to the client as it is; nothing is parsed on the way. `docs/decisions`
says why. What a caller may see, and HTTP, are the business of others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from app.db.transaction import Reader


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL for a WHERE clause, and the values bound in it."""

    sql: str
    params: tuple[Any, ...] = ()

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(f"{self.sql} AND {other.sql}", self.params + other.params)


ALL_ROWS = Condition("TRUE")
NO_ROWS = Condition("FALSE")


@dataclass(frozen=True, slots=True)
class ToOne:
    """A relative that each row has one of: `join` brings its table, under the embed's name.

    A LEFT JOIN: after a plain one the server may begin with the relatives, and
    sort the rows of all of them to give a page.
    """

    join: str


@dataclass(frozen=True, slots=True)
class ToMany:
    """Relatives that each row has several of, in an order; `source` is what follows FROM."""

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
    """Which rows of a list: in which order, after which row, how many.

    `after` holds the last row's values of the columns in `orders` and its key.
    """

    orders: tuple[Order, ...] = ()
    after: tuple[Any, ...] | None = None
    limit: int = 20


class SelectedRow(NamedTuple):
    """A row: its JSON text, and its place in the order of the list."""

    json: str
    position: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Projection:
    """Which part of the model is asked for; no fields means all of them."""

    fields: tuple[str, ...] = ()
    embed: tuple[str, ...] = ()


FULL = Projection()


@dataclass(frozen=True, eq=False)
class Select:
    """What a resource looks like in the database.

    A field is `<table>.<field>` unless `columns` says otherwise; a field that
    is a model itself is read from a table of the field's name, which `join`
    brings. `filters` are conditions with one `%s` by the parameter's name;
    other parameters compare the column of their name.
    """

    model: type[BaseModel]
    table: str
    key: str
    join: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    embeds: Mapping[str, ToOne | ToMany] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)

    def where(self, filters: Mapping[str, Any]) -> Condition:
        """Give the condition that the parameters of a list ask for."""
        found = ALL_ROWS
        for name, value in filters.items():
            sql = self.filters.get(name) or f"{self._column(name)} = %s"
            found &= Condition(sql, (value,) * sql.count("%s"))
        return found

    def read_one(
        self, db: Reader, key: Any, visible: Condition, projection: Projection = FULL
    ) -> str | None:
        """Read one row by its key, if it is visible; its JSON text."""
        where = Condition(f"{self.table}.{self.key} = %s", (key,)) & visible
        row = db.fetch_one(self._text(projection) + f" WHERE {where.sql}", where.params)
        return None if row is None else row["item"]

    def read_with_rule(
        self, db: Reader, key: Any, visible: Condition, rule: Condition, *, lock: bool = False
    ) -> tuple[str, bool] | None:
        """Read one row, and whether the rule holds for it; `lock` keeps it until the COMMIT."""
        where = Condition(f"{self.table}.{self.key} = %s", (key,)) & visible
        sql = self._text(FULL, f"({rule.sql}) AS allowed") + f" WHERE {where.sql}"
        row = db.fetch_one(sql + (" FOR UPDATE" if lock else ""), rule.params + where.params)
        return None if row is None else (row["item"], bool(row["allowed"]))

    def page(
        self, db: Reader, where: Condition, window: Window, projection: Projection = FULL
    ) -> list[SelectedRow]:
        """Read the rows of a window; the cost does not grow with its depth."""
        sort_columns = [self._column(order.column) for order in window.orders]
        sort_columns.append(f"{self.table}.{self.key}")
        extra = [f"{column} AS position_{number}" for number, column in enumerate(sort_columns)]
        directions = [order.descending for order in window.orders]
        # The key goes the way of the last column, so that one index serves both.
        directions.append(directions[-1] if directions else False)
        if window.after is not None:
            where &= _beyond(sort_columns, directions, window.after)
        order_by = ", ".join(
            column + (" DESC" if descending else "")
            for column, descending in zip(sort_columns, directions, strict=True)
        )
        rows = db.fetch_all(
            f"{self._text(projection, *extra)} WHERE {where.sql} ORDER BY {order_by} LIMIT %s",
            (*where.params, window.limit),
        )
        return [SelectedRow(item, tuple(position)) for item, *position in map(dict.values, rows)]

    def _column(self, name: str) -> str:
        return self.columns.get(name, f"{self.table}.{name}")

    @lru_cache(maxsize=512)  # noqa: B019 - one instance a resource, for the life of the process
    def _text(self, projection: Projection, *extra: str) -> str:
        embeds = [self.embeds[name] for name in projection.embed]
        joins = [self.join, *(embed.join for embed in embeds if isinstance(embed, ToOne))]
        columns = ", ".join([f"{self._object(projection)} AS item", *extra])
        # All of it is written in the query modules; values are bound.
        return f"SELECT {columns} FROM {self.table} {' '.join(joins)}"  # noqa: S608

    def _object(self, projection: Projection) -> str:
        wanted = (
            {self.key, *projection.fields} if projection.fields else set(self.model.model_fields)
        )
        members = []
        for name, info in self.model.model_fields.items():
            if name in self.embeds:
                if name in projection.embed:
                    members.append(f"'{name}', {self._embedded(name, info.annotation)}")
            elif name in wanted:
                members.append(f"'{name}', {_value(info.annotation, self._column(name), name)}")
        return f"JSON_OBJECT({', '.join(members)})"

    def _embedded(self, name: str, annotation: Any) -> str:
        embed = self.embeds[name]
        if isinstance(embed, ToOne):
            return _value(annotation, "", name)
        (item,) = get_args(_plain(annotation))
        # GROUP_CONCAT and not JSON_ARRAYAGG, which MySQL gives in no order.
        items = f"GROUP_CONCAT({_value(item, '', embed.table)} ORDER BY {embed.order})"
        array = f"CONCAT('[', COALESCE({items}, ''), ']')"
        return f"JSON_EXTRACT((SELECT {array} FROM {embed.source}), '$')"  # noqa: S608


def json_of(model: type[BaseModel], table: str) -> str:
    """Write the SQL of a JSON object whose fields are columns of a table, derived table or view."""
    return _value(model, "", table)


def _value(annotation: Any, column: str, table: str) -> str:
    """Write the SQL of one JSON value, by its declared type."""
    kind = _plain(annotation)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        members = [
            f"'{name}', {_value(info.annotation, f'{table}.{name}', name)}"
            for name, info in kind.model_fields.items()
        ]
        return f"JSON_OBJECT({', '.join(members)})"
    if kind is bool:
        return f"{column} = 1"  # BOOLEAN is TINYINT(1) to the server; a comparison is true or false
    if kind is datetime:
        return f"REPLACE(CONCAT({column}, 'Z'), ' ', 'T')"  # the session's time zone is UTC
    if kind is Decimal:
        return f"CAST({column} AS CHAR)"
    return column


def _plain(annotation: Any) -> Any:
    """Take `| None` off a type."""
    if get_origin(annotation) in (Union, UnionType):
        (annotation,) = [it for it in get_args(annotation) if it is not type(None)]
    return annotation


def _beyond(columns: Sequence[str], descending: Sequence[bool], last: Sequence[Any]) -> Condition:
    """Say "after this row" for a list ordered by these columns.

    (a > x OR (a = x AND (b < y OR ...))), after a bound on the first column
    alone, which lets the server enter its index at the right place.
    """
    sql = ""
    params: tuple[Any, ...] = ()
    for column, down, value in reversed(list(zip(columns, descending, last, strict=True))):
        sign = "<" if down else ">"
        step = f"{column} {sign} %s"
        sql = f"({step} OR ({column} = %s AND {sql}))" if sql else step
        params = (value, value, *params) if params else (value,)
    bound = f"{columns[0]} {'<=' if descending[0] else '>='} %s"
    return Condition(bound, (last[0],)) & Condition(sql, params)
