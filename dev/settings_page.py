"""Writes `.env.example` and `docs/configuration.md` from the settings' own declarations.

python -m dev.settings_page            writes both
python -m dev.settings_page --check    says which one is not up to date, and exits with 1
"""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app.settings import Settings
from app.settings.problems import limits_of

PROJECT = Path(__file__).parents[1]
PAGE_TOP = """# Configuration

<!-- Made from app/settings.py by `make docs`: change it there. -->

Everything is set by environment variables; `.env` in the working directory gives what the
environment leaves out (copy `.env.example`). A value that cannot be used stops the start with one
line that names the variable, the value and what is allowed. Nothing is silently replaced, and no
secret has a default. A variable that is set to nothing counts as not set.

`flask --app wsgi doctor` compares these settings with what the server says of itself.
"""
ENV_TOP = """# Copy to .env and fill in; the environment wins over this file.
# Made from app/settings.py by `make docs`; docs/configuration.md says more.
"""


def main() -> None:
    """Write the files, or compare them."""
    pages = {".env.example": env_example(), "docs/configuration.md": configuration_page()}
    if "--check" in sys.argv:
        old = [name for name, text in pages.items() if (PROJECT / name).read_text() != text]
        if old:
            sys.exit(f"not up to date: {', '.join(old)}; run make docs")
        return
    for name, text in pages.items():
        (PROJECT / name).write_text(text)


def configuration_page() -> str:
    """One table a section."""
    lines = [PAGE_TOP]
    for section, fields in sections():
        lines += [f"## {section}", "", "| variable | values | default | meaning |"]
        lines += ["| --- | --- | --- | --- |"]
        for name, field in fields:
            cells = [f"`{name}`", values_of(field), default_of(field), meaning_of(field)]
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
        lines.append("")
    return "\n".join(lines)


def env_example() -> str:
    """Every variable, commented out where it has a default."""
    lines = [ENV_TOP.rstrip()]
    for section, fields in sections():
        lines += ["", f"# --- {section}"]
        for name, field in fields:
            if field.is_required():
                lines += [f"# {extra(field)['example']}", f"{name}="]
            else:
                lines.append(f"#{name}={written(field.default)}")
    return "\n".join(lines) + "\n"


def sections() -> Iterator[tuple[str, list[tuple[str, FieldInfo]]]]:
    """The settings in the order of their declaration, by section."""
    items = Settings.model_fields.items()
    for section, group in groupby(items, key=lambda item: str(extra(item[1])["section"])):
        yield section, [(name.upper(), field) for name, field in group]


def extra(field: FieldInfo) -> dict[str, Any]:
    """What the declaration says besides."""
    assert isinstance(field.json_schema_extra, dict)
    return dict(field.json_schema_extra)


def meaning_of(field: FieldInfo) -> str:
    """The description, with the unit that the name gives."""
    return field.description or ""


def values_of(field: FieldInfo) -> str:
    """What is allowed: the words, or the type, unit and limits."""
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(field.annotation))
    words = {bool: "`true` or `false`", int: "integer", float: "seconds"}
    kind = next((word for type_, word in words.items() if is_of(field, type_)), "text")
    limits = limits_of(field)
    return f"{kind}, {limits}" if limits else kind


def is_of(field: FieldInfo, type_: type) -> bool:
    """Whether the field holds this type, or nothing."""
    return field.annotation is type_ or type_ in get_args(field.annotation)


def default_of(field: FieldInfo) -> str:
    """The default as it would be written."""
    if field.is_required():
        return "none, required"
    return f"`{written(field.default)}`" if field.default is not None else "not set"


def written(value: object) -> str:
    """A value as it stands in the environment."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()  # a default is no secret
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    main()
