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
from typing import Any

from pydantic import BaseModel

from app.db.transaction import Reader
from app.sql.access_path import Index
from app.sql.conditions import Condition, equals
from app.sql.filters import Filter
from app.sql.json_columns import json_array, json_object, json_value

MAX_EMBEDDED = 100
LINK_PREFIX = "all_"


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
    `filters` maps parameter names to filters; a parameter that is not in it is compared with the
    column of its name. `indexes` are those that lists are read by: their names and columns,
    without the primary key at the end. `unique` are the columns with a unique index that lists are
    sorted by.
    """

    model: type[BaseModel]
    table: str
    key: str
    join: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    embeds: Mapping[str, ToOne | ToMany] = field(default_factory=dict)
    filters: Mapping[str, Filter] = field(default_factory=dict)
    indexes: Mapping[str, Index] = field(default_factory=dict)
    unique: frozenset[str] = frozenset()

    def conditions(self, filters: Mapping[str, Any]) -> list[Condition]:
        """Return the conditions for the filter parameters of a list."""
        return [
            self.filters[name].condition(value)
            if name in self.filters
            else equals(self.table, name, value)
            for name, value in filters.items()
        ]

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

        Values that are objects themselves belong to other tables and are ignored. The key of a new
        row is 0, which no stored row has.
        """
        columns = {name: value for name, value in values.items() if not isinstance(value, dict)}
        columns = {self.key: 0, **columns}
        row = ", ".join(f"%s AS {name}" for name in columns)
        found = db.fetch_one(
            f"SELECT ({rule.sql}) AS allowed FROM (SELECT {row}) AS {self.table}",  # noqa: S608
            (*rule.params, *columns.values()),
        )
        return found is not None and bool(found["allowed"])

    @lru_cache(maxsize=512)  # noqa: B019 - there is one instance per resource, never deleted
    def _row_sql(
        self, projection: Projection, visible: str, *, rule: str = "", lock: bool = False
    ) -> str:
        columns = [f"({rule}) AS allowed"] if rule else []
        sql = self._select_sql(projection, columns)
        sql += f" WHERE {self.table}.{self.key} = %s AND {visible}"
        return sql + " FOR UPDATE" if lock else sql

    def _select_sql(self, projection: Projection, more_columns: Sequence[str]) -> str:
        columns = ", ".join([f"{self.item(projection)} AS item", *more_columns])
        # All SQL comes from the query modules; values are always bound.
        return f"SELECT {columns} FROM {self.table} {self.joins(projection)}"  # noqa: S608

    def joins(self, projection: Projection) -> str:
        """Return the joins of the tables that a projection is read from."""
        embeds = [self.embeds[name] for name in projection.embed]
        joins = [self.join, *(embed.join for embed in embeds if isinstance(embed, ToOne))]
        return " ".join(joins)

    def item(self, projection: Projection) -> str:
        """Return the SQL of the JSON of a row."""
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
        return json_value(annotation, self.column(name), name)

    def column(self, name: str) -> str:
        """Return the SQL of the value of a field."""
        return self.columns.get(name, f"{self.table}.{name}")
