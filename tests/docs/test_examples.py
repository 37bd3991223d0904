"""The code in the documents runs, their settings are accepted, their links lead somewhere."""

import re
import sys
import types

import pytest

from app.db import commit_tokens
from tests.support.database import opened, settings_for
from tests.support.service import PROJECT

GUIDES = sorted(PROJECT.glob("docs/guides/*.md"))
LINK = re.compile(r"\]\(([^)#:\s]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def blocks(document, language):
    """Return the code blocks of this language in a document."""
    return re.findall(rf"```{language}\n(.*?)```", document.read_text(), re.DOTALL)


def with_assertions(guide):
    """Return the code blocks with assertions; only these can run on their own."""
    return [code for code in blocks(guide, "python") if "assert " in code]


def of_guides(guides=GUIDES):
    return pytest.mark.parametrize("guide", guides, ids=lambda path: path.stem)


@pytest.fixture
def own_class(monkeypatch):
    """The import path of the class in docs/connections.md, in a module of its own."""
    (code,) = blocks(PROJECT / "docs/connections.md", "python")
    module = types.ModuleType("my_strategies")
    exec(code, module.__dict__)
    monkeypatch.setitem(sys.modules, "my_strategies", module)
    return "my_strategies:LastInFirstOut"


def test_the_class_in_the_documents_works_as_a_strategy(own_class, server):
    with opened(server.owner_url(server.create_database()), db_strategy=own_class) as db:
        with db.transaction() as tx:
            tx.execute("CREATE TABLE note (note VARCHAR(20))")
            tx.execute("INSERT INTO note VALUES ('kept')")

        assert db.fetch_all("SELECT note FROM note") == [{"note": "kept"}]
        assert db.statistics()["opened"] == 1


@pytest.mark.parametrize("path", ["/v1/students", "/v1/tokens", "/livez", "/readyz", "/?city="])
def test_the_readme_names_the_important_endpoints(path):
    assert path in (PROJECT / "README.md").read_text()


@of_guides()
def test_the_code_in_a_guide_compiles(guide):
    for code in blocks(guide, "python"):
        compile(code, guide.name, "exec")


@of_guides([guide for guide in GUIDES if with_assertions(guide)])
def test_the_assertions_in_a_guide_hold(guide, server):
    url = server.owner_url(server.create_database())
    settings = settings_for(url)
    place = settings.database_url
    account = {
        **{"host": place.host, "port": place.port, "user": place.user},
        **{"password": place.password, "database": place.name, "ssl_disabled": True},
    }
    with opened(url) as database:
        database.run_transaction(lambda tx: tx.execute(commit_tokens.DDL), idempotent=True)
        for code in with_assertions(guide):
            names = {"database": database, "settings": settings, "account": account}
            exec(compile(code, guide.name, "exec"), names)
            for made in ("parent_connection", "operator"):
                if made in names:
                    names[made].close()


@of_guides([guide for guide in GUIDES if blocks(guide, "ini")])
def test_the_settings_that_a_guide_recommends_are_accepted(guide, migrated):
    for block in blocks(guide, "ini"):
        lines = dict(line.split("=", 1) for line in block.splitlines())
        settings_for(migrated, **{name.lower(): value for name, value in lines.items()})


@of_guides()
def test_connections_md_links_to_every_guide(guide):
    assert f"(guides/{guide.name})" in (PROJECT / "docs/connections.md").read_text()


def test_every_link_leads_to_a_file_and_a_heading():
    documents = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), *PROJECT.glob("app/**/*.md")]
    missing = [
        f"{document.name}: {target}#{heading}"
        for document in documents
        for target, heading in LINK.findall(document.read_text())
        if not is_valid_link(document, target, heading)
    ]

    assert missing == []


def is_valid_link(document, target, heading):
    file = document.parent / target if target else document
    return file.exists() and (not heading or heading in anchors(file))


def anchors(document):
    """Return the anchors that GitHub generates for a document's headings."""
    headings = HEADING.findall(document.read_text())
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
