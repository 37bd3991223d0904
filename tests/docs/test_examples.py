"""What the documents tell the reader to write works when it is written."""

import re
import sys
import types

import pytest

from app.settings import Settings
from tests.support.database import opened, settings_for
from tests.support.service import PROJECT

GUIDES = sorted(PROJECT.glob("docs/guides/*.md"))
LINK = re.compile(r"\]\(([^)#:\s]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def blocks(document, language):
    """The code of this language in a document."""
    return re.findall(rf"```{language}\n(.*?)```", document.read_text(), re.DOTALL)


def asserting(guide):
    """The code in a guide that says what holds after it; the rest is for a place of its own."""
    return [code for code in blocks(guide, "python") if "assert " in code]


def of_guides(guides=GUIDES):
    return pytest.mark.parametrize("guide", guides, ids=lambda it: it.stem)


@pytest.fixture
def own_class(monkeypatch):
    """The class in docs/connections.md, importable as a user's own would be."""
    (code,) = blocks(PROJECT / "docs/connections.md", "python")
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


@of_guides()
def test_the_code_in_a_guide_compiles(guide):
    for code in blocks(guide, "python"):
        compile(code, guide.name, "exec")


@of_guides([guide for guide in GUIDES if asserting(guide)])
def test_what_the_code_in_a_guide_asserts_holds(guide, server):
    url = server.owner_url(server.create_database())
    settings = settings_for(url)
    place = settings.database_url
    account = {
        **{"host": place.host, "port": place.port, "user": place.user},
        **{"password": place.password, "database": place.name, "ssl_disabled": True},
    }
    with opened(url) as database:
        for code in asserting(guide):
            names = {"database": database, "settings": settings, "account": account}
            exec(compile(code, guide.name, "exec"), names)
            for made in ("parent_connection", "operator"):
                if made in names:
                    names[made].close()


@of_guides()
def test_every_setting_in_a_guide_is_one(guide):
    named = re.findall(r"\bDB_[A-Z_]+\b", guide.read_text())

    assert {name for name in named if name.lower() not in Settings.model_fields} == set()


@of_guides([guide for guide in GUIDES if blocks(guide, "ini")])
def test_the_settings_that_a_guide_recommends_are_accepted(guide, migrated):
    for block in blocks(guide, "ini"):
        lines = dict(line.split("=", 1) for line in block.splitlines())
        settings_for(migrated, **{name.lower(): value for name, value in lines.items()})


@of_guides()
def test_a_guide_is_found_from_the_page_it_belongs_to(guide):
    assert f"(guides/{guide.name})" in (PROJECT / "docs/connections.md").read_text()


def test_every_file_and_heading_that_a_document_points_to_exists():
    documents = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")]
    missing = [
        f"{document.name}: {target}#{heading}"
        for document in documents
        for target, heading in LINK.findall(document.read_text())
        if not leads_somewhere(document, target, heading)
    ]

    assert missing == []


def leads_somewhere(document, target, heading):
    file = document.parent / target if target else document
    return file.exists() and (not heading or heading in anchors(file))


def anchors(document):
    """What GitHub makes of a document's headings."""
    headings = HEADING.findall(document.read_text())
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
