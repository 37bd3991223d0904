"""SQL expressions that return columns as JSON values, chosen by the types of a pydantic model."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel


def json_of(model: type[BaseModel], table: str) -> str:
    """Return the SQL of a JSON object with the model's fields, read from one table or view."""
    return json_object(
        {
            name: json_value(field.annotation, f"{table}.{name}", name)
            for name, field in model.model_fields.items()
        }
    )


def json_object(members: Mapping[str, str]) -> str:
    """Return the SQL of a JSON object, given the SQL of each member's value."""
    pairs = ", ".join(f"'{name}', {value}" for name, value in members.items())
    return f"JSON_OBJECT({pairs})"


def json_array(annotation: Any, source: str, table: str, order: str, limit: int) -> str:
    """Return the SQL of a JSON array of the first rows, for a field of type `list[Model]`.

    `source` follows FROM; the items are read from `table` in it. GROUP_CONCAT is used because
    JSON_ARRAYAGG does not guarantee an order on MySQL. It truncates its result at
    `group_concat_max_len` bytes; `limit` items must be shorter than that. They are separated by
    newlines, which JSON escapes in strings, because MySQL has no LIMIT in GROUP_CONCAT.
    """
    (item,) = get_args(without_none(annotation))
    lines = f"GROUP_CONCAT({json_of(item, table)} ORDER BY {order} SEPARATOR '\n')"
    # The collation is explicit because that of JSON built from several columns is undefined.
    first = f"SUBSTRING_INDEX({lines} COLLATE utf8mb4_bin, '\n', {limit})"
    items = f"REPLACE({first}, '\n', ',')"
    array = f"CONCAT('[', COALESCE({items}, ''), ']')"
    return f"JSON_EXTRACT((SELECT {array} FROM {source}), '$')"  # noqa: S608 - declared in code


def json_value(annotation: Any, column: str, table: str) -> str:
    """Return the SQL of one JSON value: an object read from `table`, or else `column`."""
    kind = without_none(annotation)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return json_of(kind, table)
    if kind is bool:
        return f"{column} = 1"  # BOOLEAN is TINYINT(1); a comparison becomes true or false
    if kind is datetime:
        return f"REPLACE(CONCAT({column}, 'Z'), ' ', 'T')"  # the session's time zone is UTC
    if kind is Decimal:
        return f"CAST({column} AS CHAR)"
    return column


def without_none(annotation: Any) -> Any:
    """Return a type without its `| None`."""
    if get_origin(annotation) in (Union, UnionType):
        (annotation,) = [it for it in get_args(annotation) if it is not type(None)]
    return annotation
