"""What holds for the text of each example."""

import pytest

from tests.examples.running import VERSIONS, sources


@pytest.mark.parametrize("source", sources(), ids=lambda it: f"{it.parent.name}/{it.name}")
def test_an_example_has_at_most_60_lines(source):
    assert len(source.read_text().splitlines()) <= 60


@pytest.mark.parametrize("folder", sorted({source.parent for source in sources()}), ids=str)
def test_an_example_has_both_versions_and_its_commands_are_in_the_readme(folder):
    readme = (folder.parent / "README.md").read_text()

    assert {source.stem for source in folder.glob("*.py")} == set(VERSIONS)
    assert f"{folder.name}/" in readme
