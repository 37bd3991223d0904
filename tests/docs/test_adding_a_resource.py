"""Follows docs/adding-a-resource.md step by step in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.support.service import PROJECT

STEP = re.compile(
    r"^(?:`(?P<new>[\w/.]+)`|In `(?P<edited>[\w/.]+)`, after `(?P<line>[^`]+)`|"
    r"At the end of `(?P<appended>[\w/.]+)`):\n\n```\w+\n(?P<text>.*?)```",
    re.DOTALL | re.MULTILINE,
)
STEPS = list(STEP.finditer((PROJECT / "docs/adding-a-resource.md").read_text()))
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", "var", ".*cache", "__pycache__", ".schemathesis"
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the project in which all steps of the page were carried out."""
    folder = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(PROJECT, folder, ignore=NOT_COPIED)
    for step in STEPS:
        carry_out(step, folder)
    return folder


def carry_out(step, folder):
    path = folder / (step["new"] or step["edited"] or step["appended"])
    if step["new"]:
        path.parent.mkdir(exist_ok=True)
        path.write_text(with_next_revision(step["text"], folder))
    elif step["appended"]:
        path.write_text(path.read_text() + step["text"])
    else:
        before, line, after = path.read_text().partition(step["line"] + "\n")
        assert line, f"{path} has no line {step['line']!r}"
        path.write_text(before + line + step["text"] + after)


def with_next_revision(text, folder):
    """Return the text; a migration gets the number that follows the newest one."""
    newest = max(int(path.name[:4]) for path in (folder / "migrations/versions").glob("[0-9]*.py"))
    text = re.sub(r'^revision = "\d+"', f'revision = "{newest + 1:04}"', text, flags=re.MULTILINE)
    return re.sub(
        r'^down_revision = "\d+"', f'down_revision = "{newest:04}"', text, flags=re.MULTILINE
    )


def run(copy, *command):
    completed = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout[-6000:] + completed.stderr
    return completed.stdout


def test_every_code_block_of_the_page_is_a_step():
    text = (PROJECT / "docs/adding-a-resource.md").read_text()

    assert len(STEPS) == len(re.findall(r"^```(?:python|markdown)$", text, re.MULTILINE))


def test_the_code_on_the_page_passes_the_linter(copy):
    folders = ["app", "migrations", "sample_data", "tests/test_structure.py"]

    run(copy, "ruff", "check", "--no-cache", *folders)
    run(copy, "ruff", "format", "--no-cache", "--check", *folders)


def test_the_new_resource_passes_the_tests_of_all_resources(copy):
    tests = ["tests/resources", "tests/openapi/test_document.py", "tests/test_structure.py"]

    output = run(copy, "pytest", "-q", "-n0", "-p", "no:cacheprovider", *tests, "-k", "terms")

    assert int(re.search(r"(\d+) passed", output)[1]) > 100
