"""docs/api.md: each command is typed into a shell, and answers what the document shows.

Values differ from database to database; names, types and statuses do not.
"""

import json

import pytest

from tests.support.console import answers_to, commands_of
from tests.support.service import PROJECT, serving

COMMANDS = commands_of(PROJECT / "docs/api.md")


@pytest.fixture(scope="module")
def answers(server, migrated, tmp_path_factory):
    """What the commands answer, by the command."""
    admin = next(user for user in server.users if user.role == "admin")
    with serving(migrated) as service:
        typed = [
            command.replace(
                "http://127.0.0.1:8000", str(service.client.base_url).rstrip("/")
            ).replace("admin:PASSWORD", f"{admin.user_name}:{admin.password}")
            for command, _ in COMMANDS
        ]
        found = answers_to(typed, tmp_path_factory.mktemp("tour"))
    return {command: answer for (command, _), answer in zip(COMMANDS, found, strict=True)}


def shape(answer):
    """What is the same wherever a command is typed."""
    text = answer.strip()
    if text.isdigit():
        return text  # a status
    try:
        return outline(json.loads(text))
    except ValueError:
        # A header's fields, or the columns of a file: what each line begins with.
        return [line.partition(": ")[0].partition(",")[0] for line in text.splitlines()]


def outline(value, name=""):
    """Names and types of a JSON value; a list is as its first item, a status is itself."""
    if isinstance(value, dict):
        return {name: outline(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [outline(inner) for inner in value[:1]]
    return value if name == "status" else type(value).__name__


@pytest.mark.parametrize(("command", "shown"), COMMANDS, ids=lambda it: it[:60])
def test_a_command_answers_what_the_document_shows(command, shown, answers):
    assert shape(answers[command]) == shape(shown)
