"""Types of query parameters that several resources share."""

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from app.sql.select import Order

Names = tuple[str, ...]
Orders = tuple[Order, ...]

MAX_LIST_LENGTH = 500


class NameList:
    """A comma-separated list of some of these names.

    Use it as `fields: Annotated[Names, NameList("title", "level")] = ()`.
    """

    sign = ""

    def __init__(self, *names: str, meaning: str = "") -> None:
        self.names = names
        self.meaning = meaning

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        name = f"{self.sign}({'|'.join(self.names)})"
        pattern = f"^{name}(,{name})*$"
        return {
            "type": "string",
            "pattern": pattern,
            "maxLength": MAX_LIST_LENGTH,
            "description": self.meaning,
            "examples": [self.names[0]],
        }

    def read(self, given: Any) -> Any:
        """Give the names; raises what pydantic reports as an invalid value."""
        return self._split(given)

    def _split(self, given: Any) -> Names:
        found = tuple(given.split(",")) if isinstance(given, str) else ()
        if not found or any(name.removeprefix(self.sign[:1]) not in self.names for name in found):
            allowed = ", ".join(self.names)
            raise PydanticCustomError("among", "use some of: {allowed}", {"allowed": allowed})
        return tuple(dict.fromkeys(found))


def fields_of(model: type[BaseModel]) -> NameList:
    """Let some fields be chosen; a field that is always there has no default."""
    names = [name for name, info in model.model_fields.items() if info.is_required()]
    return NameList(*names, meaning="Only these fields; the key comes along.")


def embeds_of(model: type[BaseModel]) -> NameList:
    """Let relatives be added: the fields that are there on request only."""
    names = [name for name, info in model.model_fields.items() if not info.is_required()]
    return NameList(*names, meaning="Close relatives to add.")


class SortBy(NameList):
    """A comma-separated list of columns to sort by, each with a minus for descending.

    Use it as `sort: Annotated[Orders, SortBy("last_name")] = ()`. Only columns
    that are never NULL: a cursor cannot go beyond NULL.
    """

    sign = "-?"

    def __init__(self, *names: str) -> None:
        super().__init__(*names, meaning="Columns to sort by; a minus sorts descending.")

    def read(self, given: Any) -> Orders:
        """Give the orders; the first mention of a column counts."""
        orders: dict[str, Order] = {}
        for name in self._split(given):
            column = name.removeprefix("-")
            orders.setdefault(column, Order(column, descending=name != column))
        return tuple(orders.values())


def _as_search(text: str) -> str:
    # In MySQL's boolean mode: each word has to be there, or one that it begins. Signs beyond
    # ASCII are no words either, but no pattern says so: they find nothing.
    return " ".join(f"+{word}*" for word in re.findall(r"\w+", text))


def _as_pattern(text: str) -> str:
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"


# Full text: all of these words, or beginnings of words.
FullTextQuery = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"[A-Za-z0-9]|[^\x00-\x7f]"),
    AfterValidator(_as_search),
]
# For LIKE: this text somewhere.
Substring = Annotated[
    str, StringConstraints(min_length=1, max_length=50), AfterValidator(_as_pattern)
]
