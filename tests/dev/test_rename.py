"""`make rename`, run in a copy of this project."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dev.rename.changes import write
from dev.rename.identity import Identity, locked_packages
from dev.system_packages import Stop

PROJECT = Path(__file__).parents[2]
OLD = Identity.read(PROJECT)
NEW = {"NAME": "clinic-api", "TITLE": "Clinic API"}
TESTS = [
    "tests/dev/test_names.py",
    "tests/docs/test_references.py",
    "tests/docs/test_examples.py::test_every_link_leads_to_a_file_and_a_heading",
]
MORE_TESTS = ["tests/settings", "tests/openapi/test_document.py", "tests/auth/test_tokens.py"]


def run(folder, *command, **variables):
    environment = {**os.environ, **variables}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def git(folder, *arguments):
    author = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    return run(folder, "git", *author, *arguments)


def rename(folder, **variables):
    return run(folder, "make", "rename", *(f"{name}={value}" for name, value in variables.items()))


def commit(folder):
    assert git(folder, "add", "--all").returncode == 0
    assert git(folder, "commit", "--quiet", "-m", "Change").returncode == 0


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A copy of this project's files in a repository of its own."""
    folder = tmp_path_factory.mktemp("rename") / "project"
    for name in git(PROJECT, "ls-files", "-z").stdout.split("\0")[:-1]:
        if (PROJECT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROJECT / name, folder / name)
    git(folder, "init", "--quiet")
    (folder / ".git/info/exclude").write_text(".venv\n")
    commit(folder)
    git(folder, "tag", "template")
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture
def copy(repository):
    """The copy, without the changes of other tests."""
    git(repository, "reset", "--quiet", "--hard", "template")
    return repository


@pytest.fixture
def renamed(copy):
    done = rename(copy, **NEW)
    assert done.returncode == 0, done.stderr
    return copy


def test_no_trace_of_the_old_name_remains(renamed):
    words = f"{OLD.name}|{OLD.package}|{OLD.title}|{OLD.name.replace('-', '[-_. ]?')}"

    assert git(renamed, "grep", "-iE", words).stdout == ""
    assert git(renamed, "grep", "-E", rf"3306/{OLD.database}\b").stdout == ""
    assert git(renamed, "grep", "-F", f"`{OLD.database}`.*").stdout == ""
    assert OLD.name not in git(renamed, "ls-files").stdout


def test_the_new_names_stand_where_the_old_ones_were(renamed):
    count = {
        text: git(renamed, "grep", "-F", text).stdout.count(text)
        for text in ("urn:clinic-api:problem:", "name: clinic-api", "clinic_api", "Clinic API")
    }

    assert Identity.read(renamed) == Identity(
        "clinic-api", "Clinic API", "clinic-api", "clinic_api"
    )
    assert min(count.values()) > 1
    assert "The Clinic API authors\n" in (renamed / "LICENSE").read_text()


def test_the_changelog_and_the_measured_pages_are_empty_and_readme_is_not_about_a_template(renamed):
    readme = (renamed / "README.md").read_text()

    assert (renamed / "CHANGELOG.md").read_text().endswith("## [Unreleased]\n")
    assert (renamed / "docs/benchmarks.md").read_text().count("\n") < 8
    assert not list((renamed / "docs").glob("fault-matrix.*g"))
    assert "template" not in readme
    assert "fault-matrix.svg" not in readme


@pytest.mark.nightly
def test_the_linter_and_tests_succeed_after_the_rename(renamed):
    for command in (["check", "."], ["format", "--check", "."]):
        assert run(renamed, ".venv/bin/ruff", *command).returncode == 0
    done = run(renamed, ".venv/bin/python", "-m", "pytest", "-n0", "-q", *TESTS)

    assert done.returncode == 0, done.stdout


@pytest.mark.nightly
def test_the_type_checker_and_tests_with_a_server_succeed_after_the_rename(renamed):
    assert (types := run(renamed, ".venv/bin/mypy")).returncode == 0, types.stdout
    done = run(renamed, ".venv/bin/python", "-m", "pytest", "-n0", "-q", *MORE_TESTS)

    assert done.returncode == 0, done.stdout


def test_a_second_rename_has_the_same_result_as_the_first_would_have_had(renamed):
    git(renamed, "checkout", "--quiet", ".")
    # A word that occurs in every file.
    assert rename(renamed, NAME="api", TITLE="The", DATABASE="app").returncode == 0
    commit(renamed)
    assert rename(renamed, **NEW).returncode == 0
    git(renamed, "add", "--all")
    twice = git(renamed, "write-tree").stdout

    git(renamed, "reset", "--quiet", "--hard", "template")
    assert rename(renamed, **NEW).returncode == 0
    git(renamed, "add", "--all")
    once = git(renamed, "write-tree").stdout

    assert git(renamed, "diff", "--stat", once.strip(), twice.strip()).stdout == ""


def test_the_lines_that_still_contain_the_old_name_are_listed(copy):
    (copy / "notes.txt").write_text(f"Ask the {OLD.name} people.\n")
    commit(copy)

    done = rename(copy, **NEW)

    assert done.stderr.endswith(f"notes.txt:1:Ask the {OLD.name} people.\n")


def test_a_tree_with_uncommitted_changes_is_refused(copy):
    with (copy / "wsgi.py").open("a") as file:
        file.write("# mine\n")

    done = rename(copy, **NEW)

    assert done.returncode != 0
    assert "rename: 1 files have changes that are not committed" in done.stderr
    assert "git stash" in done.stderr
    assert git(copy, "status", "--porcelain", "-uno").stdout == " M wsgi.py\n"


def test_missing_names_are_refused_with_an_example(copy):
    done = rename(copy, NAME="clinic-api", TITLE="")

    assert "rename: NAME and TITLE are required: make rename NAME=" in done.stderr


@pytest.mark.parametrize(
    ("name", "title", "database", "message"),
    [
        ("Clinic", "Clinic", "", "NAME='Clinic': use 2 to 32 lower-case letters"),
        ("clinic_api", "Clinic", "", "NAME='clinic_api': use 2 to 32"),
        ("a" * 33, "Clinic", "", "use 2 to 32 lower-case letters"),
        ("urn-clinic", "Clinic", "", "must not start with urn-"),
        ("flask", "Clinic", "", "NAME='flask': the project requires a package of this name"),
        ("clinic", 'Clinic "A"', "", "TITLE='Clinic \"A\"': use 2 to 60 letters"),
        ("clinic", "Clinic\n", "", "use 2 to 60 letters"),
        ("clinic", "Clinic", "my-clinic", "DATABASE='my-clinic': use 1 to 64"),
        ("sys", "Clinic", "", "DATABASE='sys': the server has a database of this name"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_with_what_is(name, title, database, message):
    with pytest.raises(Stop, match=message.replace("\\", "")):
        Identity.of(name, title, database, locked_packages(PROJECT))


def test_a_failed_write_restores_every_file(tmp_path):
    first, second, third = (tmp_path / name for name in "abc")
    for path in (first, second, third):
        path.write_text("before")

    with pytest.raises(UnicodeEncodeError):
        write({first: "after", second: None, third: "\ud800"})

    assert [path.read_text() for path in (first, second, third)] == ["before"] * 3
