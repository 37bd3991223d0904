"""What the documents tell the reader to write works when it is written."""

import re
import sys
import types

import pytest

from tests.support.database import opened
from tests.support.service import PROJECT

BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture
def own_class(monkeypatch):
    """The class in docs/connections.md, importable as a user's own would be."""
    (code,) = BLOCK.findall((PROJECT / "docs/connections.md").read_text())
    module = types.ModuleType("my_strategies")
    exec(code, module.__dict__)
    monkeypatch.setitem(sys.modules, "my_strategies", module)
    return "my_strategies:LastInFirstOut"


def test_the_class_in_the_documents_is_a_strategy(own_class, server):
    with opened(server.owner_url(server.create_database()), db_strategy=own_class) as db:
        with db.transaction() as tx:
            tx.execute("CREATE TABLE note (note VARCHAR(20))")
            tx.execute("INSERT INTO note VALUES ('kept')")

        assert db.fetch_all("SELECT note FROM note") == [{"note": "kept"}]
        assert db.statistics()["opened"] == 1


@pytest.mark.parametrize("path", ["/v1/students", "/v1/tokens", "/livez", "/readyz", "/?city="])
def test_every_endpoint_is_in_the_readme(path):
    assert path in (PROJECT / "README.md").read_text()


def test_every_file_that_a_document_points_to_exists():
    documents = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")]
    missing = [
        f"{document.name}: {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text())
        if not (document.parent / target).exists()
    ]

    assert missing == []
