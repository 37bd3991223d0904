"""docs/adding-a-resource.md, followed to the letter in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.support.service import PROJECT

STEP = re.compile(
    r"^(?:`(?P<new>[\w/.]+)`|In `(?P<inside>[\w/.]+)`, after `(?P<after>[^`]+)`|"
    r"At the end of `(?P<end>[\w/.]+)`):\n\n```\w+\n(?P<text>.*?)```",
    re.DOTALL | re.MULTILINE,
)
NOT_OURS = shutil.ignore_patterns(".git", ".venv", "var", ".*cache", "__pycache__", ".schemathesis")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The project, and the steps taken in it."""
    folder = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(PROJECT, folder, ignore=NOT_OURS)
    steps = list(STEP.finditer((PROJECT / "docs/adding-a-resource.md").read_text()))
    assert len(steps) == 10
    for step in steps:
        take(step, folder)
    return folder


def take(step, folder):
    path = folder / (step["new"] or step["inside"] or step["end"])
    if step["new"]:
        path.parent.mkdir(exist_ok=True)
        path.write_text(in_turn(step["text"], folder))
    elif step["end"]:
        path.write_text(path.read_text() + step["text"])
    else:
        before, line, rest = path.read_text().partition(step["after"] + "\n")
        assert line, f"{path} has no line {step['after']!r}"
        path.write_text(before + line + step["text"] + rest)


def in_turn(text, folder):
    """A migration with the number that is next today."""
    newest = max(int(it.name[:4]) for it in (folder / "migrations/versions").glob("[0-9]*.py"))
    if "down_revision" in text:
        text = text.replace('"0036"', f'"{newest + 1:04}"').replace('"0035"', f'"{newest:04}"')
    return text


def run(copy, *command):
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    return done.stdout


def test_what_the_page_says_is_clean_code(copy):
    run(copy, "ruff", "check", "--no-cache", "app", "migrations", "sample_data")
    run(copy, "ruff", "format", "--no-cache", "--check", "app", "migrations", "sample_data")


def test_the_new_resource_keeps_every_promise(copy):
    tests = ["tests/api", "tests/openapi/test_document.py"]

    said = run(copy, "pytest", "-q", "-n0", "-p", "no:cacheprovider", *tests, "-k", "terms")

    assert int(re.search(r"(\d+) passed", said)[1]) > 100
