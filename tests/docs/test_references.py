"""Whatever a document names exists: paths, modules, make targets, tests, settings, metrics."""

import re
from importlib.util import find_spec

import pytest

from app.http.error_handlers import DATABASE_PROBLEMS
from app.operations.metrics import Metrics
from app.settings import Settings
from tests.docs.test_adding_a_resource import CREATED
from tests.support.service import PROJECT

DOCUMENTS = sorted(
    [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), *PROJECT.glob("app/**/*.md")]
)
FOLDERS = "app|bench|deploy|dev|docs|examples|migrations|requirements|sample_data|server|tests"
# `docs/fault-matrix.*` and `app/resources/<name>/` are checked up to the placeholder's folder.
PATH = re.compile(rf"(?<![\w./:-])((?:{FOLDERS})/[\w./-]*)([*<{{]?)")
MODULE = re.compile(r"python -m ((?:bench|dev|sample_data|server|tests)[\w.]*)")
TARGET = re.compile(r"\bmake ([a-z]+(?:-[a-z]+)*)")
SETTING = re.compile(r"\bDB_[A-Z_]+\b")
METRIC = re.compile(r"\b(?:database_(?:connection|statement)|http_request)\w*")
TEST = re.compile(r"`(test_\w+(?:\.py)?)`")
TESTS = {
    name
    for path in PROJECT.glob("tests/**/test_*.py")
    for name in (path.name, *re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))
}
TARGETS = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
SETTINGS = {name.upper() for name in Settings.model_fields}
METRICS = {family.name for family in Metrics(dict, {}).registry.collect()}
MISSPELLED = {"DB_POOLSIZE"}  # the documents' example of a variable that is not a setting
# docs/adding-a-resource.md creates some, CONTRIBUTING.md and others describe the next one.
MAY_BE_MISSING = CREATED | {"migrations/versions/NNNN_name.py"}


def of_documents():
    return pytest.mark.parametrize(
        "document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT))
    )


def code_of(document):
    """The code spans and blocks of a document, in which make targets are commands."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", document.read_text(), re.DOTALL))


@of_documents()
def test_every_path_in_a_document_exists(document):
    paths = {
        path.rpartition("/")[0] if placeholder else path.rstrip(".")
        for path, placeholder in PATH.findall(document.read_text())
    }

    assert {path for path in paths - MAY_BE_MISSING if not (PROJECT / path).exists()} == set()


@of_documents()
def test_every_module_in_a_document_can_be_run(document):
    modules = {name.rstrip(".") for name in MODULE.findall(document.read_text())}

    assert {name for name in modules if find_spec(name) is None} == set()


@of_documents()
def test_every_make_target_in_a_document_exists(document):
    assert set(TARGET.findall(code_of(document))) - TARGETS == set()


@of_documents()
def test_every_command_works_as_printed_in_a_new_shell(document):
    commands = [line for line in code_of(document).splitlines() if "docker compose" not in line]
    bare = [
        line
        for line in commands
        if re.search(r"(?<!\.venv/bin/)\b(flask --app wsgi|alembic up)", line)
    ]

    assert bare == []


@of_documents()
def test_every_test_in_a_document_exists(document):
    named = set(TEST.findall(document.read_text()))

    assert named - TESTS == set()


@of_documents()
def test_every_setting_in_a_document_exists(document):
    assert set(SETTING.findall(document.read_text())) - SETTINGS - MISSPELLED == set()


@pytest.mark.parametrize("page", ["glossary", "troubleshooting", "connections", "deployment"])
def test_every_metric_in_a_document_exists(page):
    named = set(METRIC.findall((PROJECT / f"docs/{page}.md").read_text()))

    assert {re.sub("_(total|bucket|count|sum)$", "", name) for name in named} - METRICS == set()


def test_troubleshooting_has_a_section_for_each_type_of_503():
    page = (PROJECT / "docs/troubleshooting.md").read_text()
    types = {name for status, name, _ in DATABASE_PROBLEMS.values() if status == 503}

    assert set(re.findall(r"^## 503 `([\w-]+)`$", page, re.MULTILINE)) == types


def test_the_index_links_to_every_page():
    index = (PROJECT / "docs/README.md").read_text()
    pages = {path.name for path in PROJECT.glob("docs/**/*.md") if path.parent.name != "decisions"}

    assert {name for name in pages - {"README.md"} if f"{name})" not in index} == set()
