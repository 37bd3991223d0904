"""docs/guides/existing-apps.md: its diffs are the examples' own, and its SQL is valid."""

from contextlib import closing
from difflib import unified_diff

import pytest

from tests.db.test_concurrency import settles
from tests.docs.test_examples import blocks
from tests.examples.running import EXAMPLES, VERSIONS, sources
from tests.support.database import connections_of, query
from tests.support.service import PROJECT

GUIDE = PROJECT / "docs/guides/existing-apps.md"
FOLDERS = sorted({source.parent for source in sources()})


def diff(folder):
    before, after = (
        (folder / f"{version}.py").read_text().splitlines(keepends=True) for version in VERSIONS
    )
    return "".join(unified_diff(before, after, n=100))


@pytest.mark.parametrize("block", blocks(GUIDE, "diff"), ids=lambda it: it.split("\n")[1].strip())
def test_a_diff_in_the_guide_is_part_of_an_examples_own(block):
    assert [folder.name for folder in FOLDERS if block in diff(folder)] != []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda it: it.name)
def test_each_example_is_in_the_guide(folder):
    assert any(block in diff(folder) for block in blocks(GUIDE, "diff"))
    assert f"`examples/{folder.name}`" in GUIDE.read_text()


def test_the_statements_in_the_guide_are_valid(server):
    url = server.create_database()
    with closing(server.connect()) as root, closing(server.connect(url)):
        (before,) = query(root, "SELECT @@GLOBAL.wait_timeout")[0]
        (victim,) = connections_of(root, url)
        for line in "".join(blocks(GUIDE, "sql")).splitlines():
            statement = line.partition(";")[0].replace("42", str(victim))
            if statement:
                query(root, statement)
        query(root, "SET GLOBAL wait_timeout = %s", (before,))

        assert settles(lambda: not connections_of(root, url))  # KILL does not wait for the end


def test_the_readme_names_every_file_that_it_needs():
    readme = (EXAMPLES / "README.md").read_text()

    assert "examples/note.sql" in readme
    assert all(f"--app {v} run" in readme and f"-A {v} worker" in readme for v in VERSIONS)
