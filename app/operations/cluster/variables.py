"""The variables of a cluster node, and those with an unsuitable value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.db.transaction import Reader
from app.operations.finding import Finding


@dataclass(frozen=True, slots=True)
class Expected:
    """A variable, a predicate for its suitable values, and what to set it to and why."""

    name: str
    is_suitable: Callable[[str], bool]
    remedy: str


def is_one_of(*values: str) -> Callable[[str], bool]:
    """Return a predicate for these values."""
    return lambda value: value in values


def shown(reader: Reader, statement: str) -> dict[str, str]:
    """Return the result of SHOW VARIABLES or SHOW STATUS; names are in lower case."""
    rows = reader.fetch_all(statement)
    return {str(row["Variable_name"]).lower(): str(row["Value"]) for row in rows}


def settings_finding(
    name: str, expected: tuple[Expected, ...], variables: Mapping[str, str]
) -> Finding:
    """Return one finding that names every unsuitable variable; unknown ones are left out."""
    known = [item for item in expected if item.name.lower() in variables]
    wrong = [item for item in known if not item.is_suitable(variables[item.name.lower()])]
    observed = ", ".join(f"{item.name}={variables[item.name.lower()]}" for item in wrong or known)
    return Finding(name, observed, "; ".join(item.remedy for item in wrong))
