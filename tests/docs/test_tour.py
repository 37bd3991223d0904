"""Runs each command in docs/api.md and compares its output with the document.

Values differ between databases; names, types and statuses must match.
"""

import json

import pytest

from tests.support.console import commands_of, outputs_of
from tests.support.service import PROJECT, serving

COMMANDS = commands_of(PROJECT / "docs/api.md")


@pytest.fixture(scope="module")
def outputs(server, migrated, tmp_path_factory):
    """The output of each command, by command."""
    admin = next(user for user in server.users if user.role == "admin")
    with serving(migrated) as service:
        url = str(service.client.base_url).rstrip("/")
        commands = [
            command.replace("http://127.0.0.1:8000", url).replace(
                "admin:PASSWORD", f"{admin.user_name}:{admin.password}"
            )
            for command, _ in COMMANDS
        ]
        found = outputs_of(commands, tmp_path_factory.mktemp("tour"))
    return {command: output for (command, _), output in zip(COMMANDS, found, strict=True)}


def shape(output):
    """Return the part of an output that is the same for every database."""
    text = output.strip()
    if text.isdigit():
        return text  # a status
    try:
        return outline(json.loads(text))
    except ValueError:
        # Header fields, or lines of CSV: the beginning of each line.
        return [line.partition(": ")[0].partition(",")[0] for line in text.splitlines()]


def outline(value, name=""):
    """Return a JSON value with types for values; of a list only the first item, a status as is."""
    if isinstance(value, dict):
        return {name: outline(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [outline(inner) for inner in value[:1]]
    return value if name == "status" else type(value).__name__


@pytest.mark.parametrize(("command", "expected"), COMMANDS, ids=lambda text: text[:60])
def test_the_output_of_a_command_matches_the_document(command, expected, outputs):
    assert shape(outputs[command]) == shape(expected)
