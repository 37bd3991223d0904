"""The names of a project, and which values are allowed."""

from __future__ import annotations

import re
import runpy
from dataclasses import dataclass
from pathlib import Path

from dev.system_packages import Stop

# A URN namespace has 2 to 32 characters (RFC 8141, section 2); a Compose project name and a Python
# distribution allow this form as well.
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
NAME_LENGTHS = range(2, 33)
# Safe without quoting in Markdown, and in the strings of Python, TOML and a Dockerfile.
TITLE = re.compile(r"[^\W_][\w .()'-]{0,58}[\w.)]")
DATABASE = re.compile(r"[a-z][a-z0-9_]{0,63}")
HOLDER = re.compile(r"[^\W_][^\x00-\x1f\x7f]{0,98}\S")
SYSTEM_DATABASES = {"mysql", "sys", "information_schema", "performance_schema"}


@dataclass(frozen=True)
class Identity:
    """The names of a project: `app/service.py`, pyproject.toml and LICENSE."""

    name: str
    title: str
    package: str
    database: str

    @classmethod
    def read(cls, root: Path) -> Identity:
        """Return the current names of the project in this folder."""
        service = runpy.run_path(str(root / "app" / "service.py"))
        return cls(service["NAME"], service["TITLE"], service["PACKAGE"], service["DATABASE"])

    @classmethod
    def of(cls, name: str, title: str, database: str, locked: set[str]) -> Identity:
        """Return new names; raise `Stop` if one is not allowed.

        `locked` are the names of the packages the project requires.
        """
        database = database or name.replace("-", "_")
        problems = [
            *_name_problems(name, locked),
            *_unless(TITLE.fullmatch(title), "TITLE", title, TITLE_RULE),
            *_unless(DATABASE.fullmatch(database), "DATABASE", database, DATABASE_RULE),
        ]
        if database in SYSTEM_DATABASES:
            problems.append(f"DATABASE='{database}': the server has a database of this name")
        if problems:
            raise Stop("; ".join(problems))
        return cls(name, title, name, database)


NAME_RULE = (
    "use 2 to 32 lower-case letters, digits and single hyphens, starting with a letter, "
    "such as clinic-api"
)
TITLE_RULE = "use 2 to 60 letters, digits, spaces and . - _ ( ) ', such as 'Clinic API'"
DATABASE_RULE = "use 1 to 64 lower-case letters, digits and underscores, starting with a letter"
HOLDER_RULE = "use one line of 2 to 100 characters, such as 'Clinic Ltd'"


def check_holder(holder: str) -> None:
    """Raise `Stop` if this cannot be the copyright holder in LICENSE."""
    for problem in _unless(HOLDER.fullmatch(holder), "HOLDER", holder, HOLDER_RULE):
        raise Stop(problem)


def locked_packages(root: Path) -> set[str]:
    """Return the names of the packages in `requirements/`."""
    return {
        match[1]
        for lock in root.glob("requirements/*.txt")
        for match in re.finditer(r"^([a-z0-9._-]+)(?:\[.*\])?==", lock.read_text(), re.MULTILINE)
    }


def _name_problems(name: str, locked: set[str]) -> list[str]:
    allowed = NAME.fullmatch(name) and len(name) in NAME_LENGTHS
    problems = _unless(allowed, "NAME", name, NAME_RULE)
    if name.startswith("urn-"):
        problems.append(f"NAME='{name}': a URN namespace must not start with urn- (RFC 8141)")
    if name in locked:
        problems.append(f"NAME='{name}': the project requires a package of this name")
    return problems


def _unless(allowed: object, variable: str, value: str, rule: str) -> list[str]:
    return [] if allowed else [f"{variable}='{value}': {rule}"]
