"""Whether the process lives, and whether it can work."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from alembic.script import ScriptDirectory

from app import create_app
from app.operations import schema
from tests.db.conftest import RELIABLE_STRATEGIES
from tests.support.counting import statements
from tests.support.database import query, settings_for
from tests.support.service import PROJECT, free_port
from tests.support.signing_in import basic


def test_livez_never_touches_the_database(client, server):
    def ask():
        assert client.get("/livez").status_code == 200

    assert statements(server, ask) == 0


def test_readyz_says_that_the_schema_is_current(client):
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json["schema"]) == (200, schema.newest())


def test_the_newest_revision_is_alembic_s_head():
    migrations = ScriptDirectory(str(PROJECT / "migrations"))

    assert schema.newest() == migrations.get_current_head()


def test_readyz_says_that_nothing_was_migrated(server):
    client = create_app(settings_for(server.create_database())).test_client()

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "make migrate" in answer.json["detail"]


def test_readyz_says_that_the_schema_is_old(server):
    url = server.create_database()
    with closing(server.connect(url)) as dba:
        query(dba, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        query(dba, "INSERT INTO alembic_version VALUES ('0001')")
    client = create_app(settings_for(url)).test_client()

    assert "at 0001" in client.get("/readyz").json["detail"]


def test_readyz_says_that_the_password_was_changed_while_old_connections_live_on(server, dba):
    url = server.create_database(user="rotated")
    app = create_app(settings_for(url))
    client = app.test_client()
    with app.extensions["database"].transaction():
        query(dba, "ALTER USER rotated@'%' IDENTIFIED BY 'another'")
        with ThreadPoolExecutor(1) as other:
            assert other.submit(client.get, "/?city=London").result().status_code == 503

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "rejects this user" in answer.json["detail"]


def test_readyz_says_that_the_password_is_wrong(migrated):
    user, _, place = migrated.partition("@")
    url = user.rpartition(":")[0] + ":wrong@" + place
    client = create_app(settings_for(url)).test_client()

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "rejects this user, password or database" in answer.json["detail"]


@pytest.mark.parametrize("strategy", RELIABLE_STRATEGIES)
def test_a_server_that_is_away_is_a_503_on_every_strategy(strategy):
    url = f"mysql://app:secret@127.0.0.1:{free_port()}/students"
    client = create_app(settings_for(url, db_strategy=strategy)).test_client()

    assert client.get("/?city=London").status_code == 503
    assert client.get("/readyz").status_code == 503


def test_what_needs_a_table_that_was_not_migrated_is_a_503(server):
    client = create_app(settings_for(server.create_database())).test_client()

    answer = client.post("/v1/tokens", headers=basic("admin", "password"))

    assert answer.status_code == 503
    assert answer.json["type"].endswith("not-migrated")
