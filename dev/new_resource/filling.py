"""Fills the templates, which contain Python and SQL."""

import textwrap
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parent / "templates"
WIDTH = 100  # of a line


def filled(template: str, **values: Any) -> str:
    """Return the text of a template with these values; nothing is escaped as in HTML."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=False,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters.update(fill=_fill, string=string)
    return environment.get_template(f"{template}.jinja").render(**values)


def _fill(text: str, indentation: int) -> str:
    """Return a clause of an SQL statement in lines of the usual length."""
    lines = textwrap.fill(
        text.replace(" = ", "\0=\0"), WIDTH, initial_indent=" " * indentation,
        subsequent_indent=" " * (indentation + 4), break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return lines.replace("\0", " ")


def string(text: str) -> str:
    """Return a string literal, in several parts if it is long; the formatter joins them."""
    lines = textwrap.wrap(text, 70, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f'"{line}"' for line in [lines[0], *(f" {line}" for line in lines[1:])])
