"""What the project already contains: tables, classes, URLs, revisions, and who sees which rows."""

import re
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import app.resources
from app.http import types
from app.http.caller import Caller
from app.resources import summaries
from app.sql.conditions import ALL_ROWS
from dev.system_packages import Stop

CREATED = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+) \((.*?)\n", re.DOTALL)
KEY = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+) \(\s*\1_id (\w+) UNSIGNED NOT NULL AUTO_INC")
CHANGED = re.compile(r'def upgrade.*?change_key\("(\w+)", "(\w+)"\)', re.DOTALL)
BODY_TYPES = {"SMALLINT": "SmallKey", "MEDIUMINT": "MediumKey", "INT": "Key"}
OTHERS = (Caller(2, "staff", 1, None, 1), Caller(3, "student", None, 1, None))


@dataclass(frozen=True)
class Table:
    """A table that belongs to a resource."""

    name: str
    package: str
    key_type: str
    is_public: bool  # everyone who is signed in sees all rows
    summary: str  # the model in app/resources/summaries.py, empty if it has none

    @property
    def body_type(self) -> str:
        """The type of its keys in app/http/types.py."""
        return BODY_TYPES[self.key_type]


class Project:
    """A checkout of this project; `app` must have been imported from it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._migrations = sorted((root / "migrations/versions").glob("[0-9]*.py"))
        self._revisions = [path.read_text() for path in self._migrations]

    def revision(self, number: int = 1) -> str:
        """Return the number of the n-th new revision."""
        newest = max((path.name[:4] for path in self._migrations), default="0000")
        return f"{int(newest) + number:04}"

    def table(self, name: str) -> Table:
        """Return the table of a resource; raise `Stop` if there is none."""
        if name not in self._queries:
            known = ", ".join(sorted(self._queries))
            raise Stop(f"no resource has the table {name!r}; use one of {known}")
        queries = self._queries[name]
        summary = f"{queries.SELECT.model.__name__}Summary"
        return Table(
            name,
            queries.__name__.split(".")[2],
            self._key_types[name].upper(),
            all(queries.visible_to(caller) is ALL_ROWS for caller in OTHERS),
            summary if _is_flat(getattr(summaries, summary, None)) else "",
        )

    def problems(self, name: str, names: str, classes: list[str]) -> list[str]:
        """Return which of these names are in use already."""
        found = []
        if name in {table for text in self._revisions for table, _ in CREATED.findall(text)}:
            found.append(f"the table {name} exists already")
        if (self.root / "app/resources" / names).exists():
            found.append(f"app/resources/{names} exists already")
        if f'"/v1/{names}' in (self.root / "app/urls.py").read_text():
            found.append(f"the URL /v1/{names} exists already")
        if used := {it.lower() for it in classes} & self._classes:
            found.append(f"classes are already named {', '.join(sorted(used))} (in any case)")
        return found

    def has_line_type(self, length: int) -> bool:
        """Return whether app/http/types.py has a type for lines of this length."""
        return hasattr(types, f"Line{length}")

    @cached_property
    def _queries(self) -> dict[str, Any]:
        packages = [it.name for it in iter_modules(app.resources.__path__) if it.ispkg]
        modules = [import_module(f"app.resources.{it}.queries") for it in packages]
        return {it.SELECT.table: it for it in modules if hasattr(it, "SELECT")}

    @cached_property
    def _key_types(self) -> dict[str, str]:
        found = [pair for text in self._revisions for pair in KEY.findall(text)]
        return dict(found + [pair for text in self._revisions for pair in CHANGED.findall(text)])

    @cached_property
    def _classes(self) -> set[str]:
        texts = [path.read_text() for path in (self.root / "app").rglob("*.py")]
        return {name.lower() for text in texts for name in re.findall(r"^class (\w+)", text, re.M)}


def _is_flat(model: Any) -> bool:
    """Return whether a model has only columns of its own table."""
    fields = model.model_fields.values() if model else ()
    return bool(fields) and not any(hasattr(it.annotation, "model_fields") for it in fields)
