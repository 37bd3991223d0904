"""Health checks: `/livez` and `/readyz`."""

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


def test_livez_does_not_use_the_database(client, server):
    def request():
        assert client.get("/livez").status_code == 200

    assert statements(server, request) == 0


def test_readyz_returns_the_schema_version(client):
    response = client.get("/readyz")

    assert (response.status_code, response.json["schema"]) == (200, schema.newest())


def test_the_newest_revision_is_the_head_of_alembic():
    migrations = ScriptDirectory(str(PROJECT / "migrations"))

    assert schema.newest() == migrations.get_current_head()


def test_readyz_fails_if_the_database_was_never_migrated(server):
    client = create_app(settings_for(server.create_database())).test_client()

    response = client.get("/readyz")

    assert response.status_code == 503
    assert "make migrate" in response.json["detail"]


def test_readyz_fails_if_the_schema_is_old(server):
    url = server.create_database()
    with closing(server.connect(url)) as dba:
        query(dba, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        query(dba, "INSERT INTO alembic_version VALUES ('0001')")
    client = create_app(settings_for(url)).test_client()

    assert "at 0001" in client.get("/readyz").json["detail"]


def test_readyz_fails_if_the_password_was_changed_although_connections_are_open(server, dba):
    url = server.create_database(user="rotated")
    app = create_app(settings_for(url))
    client = app.test_client()
    with app.extensions["database"].transaction():
        query(dba, "ALTER USER rotated@'%' IDENTIFIED BY 'another'")
        with ThreadPoolExecutor(1) as other:
            assert other.submit(client.get, "/?city=London").result().status_code == 503

    response = client.get("/readyz")

    assert response.status_code == 503
    assert "rejects this user" in response.json["detail"]


def test_readyz_fails_if_the_password_is_wrong(migrated):
    user, _, address = migrated.partition("@")
    url = user.rpartition(":")[0] + ":wrong@" + address
    client = create_app(settings_for(url)).test_client()

    response = client.get("/readyz")

    assert response.status_code == 503
    assert "rejects this user, password or database" in response.json["detail"]


@pytest.mark.parametrize("strategy", RELIABLE_STRATEGIES)
def test_an_unreachable_server_is_a_503_for_every_strategy(strategy):
    url = f"mysql://app:secret@127.0.0.1:{free_port()}/database"
    client = create_app(settings_for(url, db_strategy=strategy)).test_client()

    assert client.get("/?city=London").status_code == 503
    assert client.get("/readyz").status_code == 503


def test_a_missing_table_is_a_503(server):
    client = create_app(settings_for(server.create_database())).test_client()

    response = client.post("/v1/tokens", headers=basic("admin", "password"))

    assert response.status_code == 503
    assert response.json["type"].endswith("not-migrated")
