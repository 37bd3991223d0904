"""Describe an invalid setting: the variable, its value and the allowed values."""

from collections.abc import Mapping
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from app.db import DatabaseUrl

SECRETS = frozenset({"SECRET_KEY", "METRICS_TOKEN"})


def describe(problem: ErrorDetails, fields: Mapping[str, FieldInfo]) -> str:
    """Return a one-line description of a pydantic error; secrets are not shown."""
    if not problem["loc"]:  # a conflict between two settings
        return str(problem["ctx"]["error"])
    name = str(problem["loc"][0])
    field, variable = fields[name], name.upper()
    if problem["type"] == "missing":
        example = field.json_schema_extra
        hint = example.get("example") if isinstance(example, Mapping) else ""
        return f"{variable} is missing: set it, for example to {hint}"
    return f"{variable}={_shown(variable, problem['input'])}: {_allowed(problem, field)}"


def limits_of(field: FieldInfo) -> str:
    """Return the range of a number, such as "1 to 65535"; empty if it has none."""
    limits = {type(limit).__name__: limit for limit in field.metadata}
    low, high = limits.get("Ge"), limits.get("Le")
    if low is None or high is None:
        return ""
    return f"{low.ge} to {high.le}"


def _shown(variable: str, value: Any) -> str:
    if variable in SECRETS:
        return "'…'"
    if variable.endswith("_URL"):
        return repr(DatabaseUrl.masked(str(value)))
    return repr(value)


def _allowed(problem: ErrorDetails, field: FieldInfo) -> str:
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    limits = limits_of(field)
    allowed = problem["msg"].removeprefix("Input should be ")
    if problem["type"].endswith("_parsing"):
        allowed = allowed.partition(", ")[0] + (f", {limits}" if limits else "")
    elif limits:
        allowed = limits
    return f"use {allowed}"
