"""Types of query parameters shared by several resources."""

import re
from abc import ABC, abstractmethod
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from app.sql.order import Order
from app.sql.select import LINK_PREFIX

Names = tuple[str, ...]
Orders = tuple[Order, ...]

MAX_SEARCH_WORDS = 8


class _Parameter(ABC):
    """A type of parameter that `read` converts from its text."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    @abstractmethod
    def read(self, given: Any) -> Any:
        """Return the value; raises an error that pydantic reports as an invalid value."""


class NameList(_Parameter):
    """A comma-separated list of some of these names.

    Usage: `fields: Annotated[Names, NameList("title", "level")] = ()`.
    """

    def __init__(self, *names: str, meaning: str = "") -> None:
        self.names = names
        self.meaning = meaning

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        # Sent as one comma-separated value; see `app.openapi.parameters`.
        return {
            "type": "array",
            "items": {"type": "string", "enum": [*self.names]},
            "description": self.meaning,
        }

    def read(self, given: Any) -> Names:
        """Return the names; raises an error that pydantic reports as an invalid value."""
        found = tuple(given.split(",")) if isinstance(given, str) else ()
        if not found or any(name not in self.names for name in found):
            allowed = ", ".join(self.names)
            raise PydanticCustomError(
                "names", "must be one or more of: {allowed}", {"allowed": allowed}
            )
        return tuple(dict.fromkeys(found))


def is_name_list(info: FieldInfo) -> bool:
    """Return whether a parameter is a list of names."""
    return any(isinstance(it, NameList) for it in info.metadata)


def fields_of(model: type[BaseModel]) -> NameList:
    """Return the list type for `fields`: the fields that are always in the response."""
    names = [name for name, info in model.model_fields.items() if info.is_required()]
    return NameList(*names, meaning="Return only these fields and the key.")


def embeds_of(model: type[BaseModel]) -> NameList:
    """Return the list type for `embed`: the fields that are in the response on request only."""
    names = [
        name
        for name, info in model.model_fields.items()
        if not info.is_required() and not name.startswith(LINK_PREFIX)
    ]
    return NameList(*names, meaning="Related resources to include.")


class SortBy(_Parameter):
    """A column to sort by; a minus sign sorts in descending order. The key decides between equals.

    Usage: `sort: Annotated[Orders, SortBy("last_name")] = ()`. The columns must be NOT NULL,
    because a cursor compares their values, and have an index (docs/decisions, 31).
    """

    def __init__(self, *names: str) -> None:
        self.names = names

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {
            "type": "string",
            "enum": [sign + name for name in self.names for sign in ("", "-")],
            "description": "Column to sort by; a minus sign means descending.",
        }

    def read(self, given: Any) -> Orders:
        """Return the order; raises an error that pydantic reports as an invalid value."""
        column = given.removeprefix("-") if isinstance(given, str) else ""
        if column not in self.names:
            raise PydanticCustomError(
                "order", "must be one of: {allowed}", {"allowed": ", ".join(self.names)}
            )
        return (Order(column, descending=given != column),)


def _as_words(text: str) -> Names:
    # The server reads all index entries with each prefix, so a single character is not searched
    # for, and only the longest of several prefixes of a word, which implies the others. The pattern
    # of FullTextQuery cannot exclude non-ASCII punctuation; a text of nothing else has no words.
    found = dict.fromkeys(word.lower() for word in re.findall(r"\w{2,}", text))
    words = [it for it in found if not any(it != other and other.startswith(it) for other in found)]
    if len(words) > MAX_SEARCH_WORDS:
        raise PydanticCustomError("words", "at most {most} words", {"most": MAX_SEARCH_WORDS})
    return tuple(words)


def _as_pattern(text: str) -> str:
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"


# Words of at least 2 characters, each the start of a word of the rows that are searched for.
FullTextQuery = Annotated[
    str,
    StringConstraints(min_length=2, max_length=100, pattern=r"([A-Za-z0-9_]|[^\x00-\x7f]){2}"),
    AfterValidator(_as_words),
]
# LIKE search for a substring.
Substring = Annotated[
    str, StringConstraints(min_length=1, max_length=50), AfterValidator(_as_pattern)
]
