"""`flask new-resource`, run in a copy of this project."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from app import create_app
from dev.new_resource.command import new_resource
from dev.new_resource.names import plural_of
from tests.support.database import settings_for
from tests.support.project_copy import ProjectCopy
from tests.support.service import PROJECT

EVERY_TYPE = (
    "label:str(30) code:str(3):unique remark:text? stock:int:unique price:decimal(7,2)"
    " ratio:decimal(3,3)? lent:bool checked:bool? bought:date:unique seen:datetime?"
    " contact:email:unique state:enum(new|used) campus:ref? course:ref subject:link"
)
OWNED = {
    "lookout": "begun:date reason:str(5) staff:ref:owner level:enum(low|high)? course:ref?",
    "topsail": "topic:str(20):unique content:text student:ref:owner",
    "mainstay": "size:int campus:ref:owner",
    "fore_castle": "height:decimal(3,0) course:ref:owner",
}
TESTS = ["tests/resources", "tests/openapi/test_document.py", "tests/test_structure.py"]
MORE_TESTS = ["tests/http/test_bad_input.py", "tests/migrations/test_style.py"]
DOWNGRADE = "test_a_downgrade_removes_everything_and_an_upgrade_restores_it"


def generate(*arguments):
    return CliRunner().invoke(new_resource, [*arguments])


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*.py")}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy with a resource that has a column of every type."""
    copy = ProjectCopy(tmp_path_factory.mktemp("new") / "project")
    copy.run("dev.new_resource", "sextant", EVERY_TYPE)
    return copy


def test_the_generated_code_passes_the_linter(copy):
    copy.lint()


def test_a_resource_with_every_type_passes_the_tests_of_all_resources(copy):
    assert copy.test(*TESTS, "-k", "sextant") > 200


@pytest.mark.nightly
def test_a_resource_with_every_type_has_a_valid_table_that_can_be_removed(copy):
    tests = (*MORE_TESTS, f"tests/migrations/test_running.py::{DOWNGRADE}")

    assert copy.test(*tests, "-k", f"sextant or test_style or {DOWNGRADE}") > 50


@pytest.mark.nightly
def test_responses_of_a_resource_with_every_type_match_the_document(copy):
    every_role = ("tests/openapi/test_fuzzing.py", "-m", "nightly or not nightly")

    assert copy.test(*every_role, FUZZ_PATHS="^/v1/sextants", MIN_CASES="40") == 3


@pytest.mark.nightly
def test_a_resource_with_every_type_passes_the_type_checker(copy):
    copy.run("mypy", "--cache-dir", "/dev/null")


@pytest.mark.nightly
def test_owned_resources_pass_the_tests_of_all_resources(tmp_path):
    copy = ProjectCopy(tmp_path / "project")
    for name, columns in OWNED.items():
        copy.run("dev.new_resource", name, columns)
    words = " or ".join([*OWNED, "test_style", "hidden", "links", "lists_contain"])

    copy.lint()
    copy.run("mypy", "--cache-dir", "/dev/null")
    assert copy.test(*TESTS, *MORE_TESTS, "tests/sample_data", "-k", words) > 800


def test_a_resource_that_exists_is_refused_and_nothing_is_written(copy):
    before = files(copy.folder / "app")

    with pytest.raises(AssertionError, match="the table sextant exists already"):
        copy.run("dev.new_resource", "sextant", "label:str(30)")

    assert files(copy.folder / "app") == before


def test_a_dry_run_lists_the_files_and_writes_nothing():
    done = generate("sextant", "label:str(30)", "subject:link", "--dry-run")

    lines = [line.split() for line in done.output.splitlines()]
    created = [Path(path) for action, path in lines if action == "create"]
    changed = [Path(path) for action, path in lines if action == "change"]
    assert done.exit_code == 0, done.output
    assert Path("app/resources/sextants/queries.py") in created
    assert Path("tests/resources/test_permissions.py") in changed
    assert not [path for path in created if (PROJECT / path).exists()]
    assert "sextant" not in "".join((PROJECT / path).read_text() for path in changed)


def test_flask_has_the_command():
    app = create_app(settings_for("mysql://nobody@127.0.0.1:1/nothing"))

    done = app.test_cli_runner().invoke(args=["new-resource", "--help"])

    assert done.exit_code == 0
    assert done.output.startswith("Usage: flask new-resource [OPTIONS] NAME COLUMNS...")
    assert "decimal(P,S)" in done.output


@pytest.mark.parametrize(
    ("name", "columns", "message"),
    [
        ("class", "a_b:int", "resource 'class' is a keyword of Python"),
        ("order", "size:int", "resource 'order' is a reserved word of MySQL"),
        ("Sextant", "size:int", "resource 'Sextant': use 2 to 25 lower-case letters"),
        ("sextant2", "size:int", "resource 'sextant2': use 2 to 25 lower-case letters"),
        ("query", "size:int", "the generated code has a variable of this name"),
        ("student", "size:int", "the table student exists already"),
        ("course_text", "size:int", "the table course_text exists already"),
        ("report", "size:int", "app/resources/reports exists already"),
        ("token", "size:int", "the URL /v1/tokens exists already"),
        ("city_lookup", "size:int", "classes are already named citylookup"),
        ("sextant", "size", "column 'size': use NAME:TYPE, as in"),
        ("sextant", "size:int:first", "column 'size:int:first': use NAME:TYPE"),
        ("sextant", "size:integer", "unknown type; use one of str, text,"),
        ("sextant", "size:int(5)", "column 'size:int(5)': use int, without a length"),
        ("sextant", "label:str", "use str(N), N from 1 to 255"),
        ("sextant", "label:str(256)", "use str(N), N from 1 to 255"),
        ("sextant", "label:str(1):unique", "require at least 2 characters"),
        ("sextant", "price:decimal(2,3)", "use decimal(DIGITS,PLACES)"),
        ("sextant", "state:enum(new)", "use enum(A|B), at least two"),
        ("sextant", "lent:bool:unique", "a column of the type bool cannot be unique"),
        ("sextant", "select:int", "column 'select' is a reserved word of MySQL"),
        ("sextant", "while:int", "column 'while' is a keyword of Python"),
        ("sextant", "cursor_:int", "column 'cursor_': use 2 to 25"),
        ("sextant", "embed:int", "every resource has a column or parameter of this name"),
        ("sextant", "copy:int", "the schemas have an attribute of this name"),
        ("sextant", "campus_id:int", "use campus:ref"),
        ("sextant", "size:int size:date", "the column size occurs twice"),
        ("sextant", "size:int nothing:ref", "no resource has the table 'nothing'; use one of"),
        ("sextant", "size:int address:ref", "no resource has the table 'address'"),
        ("sextant", "size:int student:ref", "use student:ref:owner"),
        ("sextant", "size:int campus:ref?:owner", "only a ref that is not optional"),
        ("sextant", "size:int:owner", "only a ref that is not optional can be the owner"),
        ("sextant", "size:int city:ref:owner", "city cannot be the owner; use one of campus,"),
        ("sextant", "size:int campus:ref:owner course:ref:owner", "only one column can be the"),
        ("sextant", "day:date:unique student:ref:owner", "too few values for one row for each"),
        ("sextant", "size:int campus:ref:owner subject:link", "an owner cannot have links"),
        ("brass_sextant", "size:int subject:link", "requires two names without underscores"),
        ("sextant", "size:int staff:link", "staff:link: not everyone may see its rows"),
        ("sextant", "lent:bool campus:ref", "a resource needs a column besides bool, enum"),
        ("sextant", "chapter_number:date:unique", "FRESH in tests/support/catalog.py"),
    ],
)
def test_what_cannot_be_generated_is_refused_with_the_reason(name, columns, message):
    done = generate(name, columns, "--dry-run")

    assert done.exit_code == 1
    assert message in done.output
    assert done.output.endswith("; nothing was written\n")


def test_a_word_that_is_its_own_plural_needs_another_one():
    assert "use --plural" in generate("sheep", "size:int", "--plural", "sheep").output
    assert generate("sheep", "size:int", "--plural", "flocks", "--dry-run").exit_code == 0


@pytest.mark.parametrize(
    ("word", "plural"),
    [
        ("book", "books"),
        ("city", "cities"),
        ("day", "days"),
        ("box", "boxes"),
        ("arch", "arches"),
    ],
)
def test_the_plural_is_the_regular_one(word, plural):
    assert plural_of(word) == plural
