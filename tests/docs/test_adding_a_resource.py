"""docs/adding-a-resource.md shows what the generator writes; its other steps are carried out."""

import re

import pytest

from dev.new_resource.page import BLOCK, generated, updated
from tests.support.project_copy import ProjectCopy
from tests.support.service import PROJECT

PAGE = (PROJECT / "docs/adding-a-resource.md").read_text()
# The section about a column: its steps are written by hand.
COLUMN = PAGE[PAGE.index("\n## 9. Add a column") :]
STEP = re.compile(
    r"^(?:`(?P<new>[\w/.]+)`|"
    r"In `(?P<edited>[\w/.]+)`, (?P<place>after|instead of) `(?P<line>[^\n]+)`):"
    r"\n\n```\w+\n(?P<text>.*?)```",
    re.DOTALL | re.MULTILINE,
)
STEPS = list(STEP.finditer(COLUMN))
# The files that the page creates, for tests/docs/test_references.py.
CREATED = {found["path"] for found in BLOCK.finditer(PAGE)}


def without_numbers(text):
    """Return a text without the numbers of revisions: the page is not updated for each new one."""
    return re.sub(r'(/|revision = ")\d{4}', r"\1NNNN", text)


def carry_out(step, folder):
    path = folder / (step["new"] or step["edited"])
    if step["new"]:
        path.write_text(with_next_revision(step["text"], folder))
        return
    before, line, after = path.read_text().partition(step["line"] + "\n")
    assert line, f"{path} has no line {step['line']!r}"
    path.write_text(before + line * (step["place"] == "after") + step["text"] + after)


def with_next_revision(text, folder):
    """Return the text; a migration gets the number that follows the newest one."""
    newest = max(int(path.name[:4]) for path in (folder / "migrations/versions").glob("[0-9]*.py"))
    text = re.sub(r'^revision = "\d+"', f'revision = "{newest + 1:04}"', text, flags=re.MULTILINE)
    return re.sub(
        r'^down_revision = "\d+"', f'down_revision = "{newest:04}"', text, flags=re.MULTILINE
    )


def test_the_code_on_the_page_is_what_the_command_generates():
    current = updated(PAGE, PROJECT)

    assert without_numbers(PAGE) == without_numbers(current), (
        "run .venv/bin/python -m dev.new_resource.page"
    )


def test_every_code_block_of_the_page_is_generated_or_a_step():
    blocks = re.findall(r"^```(?:python|markdown)$", PAGE, re.MULTILINE)

    assert len(blocks) == len(generated(PAGE, PROJECT)) + len(STEPS)


@pytest.mark.nightly
def test_the_steps_to_add_a_column_can_be_followed(tmp_path):
    copy = ProjectCopy(tmp_path / "project")
    for step in STEPS:
        carry_out(step, copy.folder)

    copy.lint()
    assert copy.test("tests/resources", "tests/migrations", "-k", "student or migrations") > 300
