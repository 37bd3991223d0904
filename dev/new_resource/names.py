"""Which names a resource and its columns may have, and the names derived from them."""

import keyword
import re
from dataclasses import dataclass

from pydantic import BaseModel
from sqlalchemy.dialects.mysql.reserved_words import RESERVED_WORDS_MARIADB, RESERVED_WORDS_MYSQL

from app.http.paging import NO_FILTERS, Page
from app.http.types import Body

# What tests/migrations/test_style.py allows; MySQL allows 64 characters, also for the names of
# constraints, which contain two of these names.
NAME = re.compile(r"[a-z]{2,}(_[a-z]+)*")
LONGEST = 25
RULE = f"use 2 to {LONGEST} lower-case letters and single underscores, such as library_book"
# Names of modules and variables of the generated code.
VARIABLES = {"annotated", "any", "body", "caller", "changes", "crud", "date", "datetime", "decimal",
             "field", "insert", "key", "links", "literal", "operation", "queries", "query",
             "reader", "response", "row", "rows", "self", "students", "type", "tx",
             "visible"}  # fmt: skip
SERVICE_COLUMNS = {"last_update", "q", *NO_FILTERS}


def name_problems(what: str, name: str) -> list[str]:
    """Return why this cannot be the name of a resource or a column."""
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        return [f"{what} {name!r}: {RULE}"]
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        return [f"{what} {name!r} is a keyword of Python"]
    if name in RESERVED_WORDS_MYSQL or name in RESERVED_WORDS_MARIADB:
        return [f"{what} {name!r} is a reserved word of MySQL or MariaDB"]
    return []


def column_problems(name: str) -> list[str]:
    """Return why this cannot be the name of a column."""
    if found := name_problems("column", name):
        return found
    if name in SERVICE_COLUMNS:
        return [f"column {name!r}: every resource has a column or parameter of this name"]
    if name.endswith("_id"):
        return [f"column {name!r} has the name of a key: use {name.removesuffix('_id')}:ref"]
    if any(hasattr(model, name) for model in (BaseModel, Body, Page)):
        return [f"column {name!r}: the schemas have an attribute of this name"]
    return []


@dataclass(frozen=True)
class Names:
    """The names derived from that of a resource, such as `library_book`."""

    name: str
    names: str

    @classmethod
    def of(cls, name: str, plural: str = "") -> "Names":
        """Return the names; `plural` is the one to use instead of the regular one."""
        return cls(name, plural or plural_of(name))

    def problems(self) -> list[str]:
        """Return why these names cannot be used."""
        found = name_problems("resource", self.name) or name_problems("plural", self.names)
        if not found and self.name in VARIABLES | {*map(plural_of, VARIABLES)}:
            found = [f"resource {self.name!r}: the generated code has a variable of this name"]
        if not found and self.name == self.names:
            found = [f"the plural of {self.name!r} must be another word: use --plural"]
        return found

    @property
    def noun(self) -> str:
        """The singular in a sentence."""
        return self.name.replace("_", " ")

    @property
    def nouns(self) -> str:
        """The plural in a sentence."""
        return self.names.replace("_", " ")

    @property
    def a_noun(self) -> str:
        """The singular with its article."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.noun}"

    @property
    def model(self) -> str:
        """The name of the response's class; the others start with it."""
        return _camel(self.name)

    @property
    def collection(self) -> str:
        """The name of the class of the list."""
        return _camel(self.names)

    @property
    def classes(self) -> list[str]:
        """The names of all classes of the resource and of the schemas made from them."""
        parts = ("Answer", "Body", "Patch", "View", "Page")
        return [self.model, self.collection, f"New{self.model}", *(self.model + it for it in parts)]


def plural_of(name: str) -> str:
    """Return the regular plural."""
    if re.search("[^aeiou]y$", name):
        return name[:-1] + "ies"
    return name + ("es" if re.search("(s|x|z|ch|sh)$", name) else "s")


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
