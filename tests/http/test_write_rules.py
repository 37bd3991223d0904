"""Without a write rule, a resource can be written by administrators only."""

from contextlib import closing
from types import SimpleNamespace

import pytest

from app import create_app
from app.db import commit_tokens
from app.http import crud
from app.http.api import Api, Resource
from app.http.caller import STAFF
from app.http.operation import operation
from app.http.validation import MERGE_PATCH
from app.sql.conditions import ALL_ROWS, Condition
from app.sql.select import Select
from tests.http.conftest import Note, NoteBody
from tests.support.database import query, settings_for

TABLE = """
CREATE TABLE note (
  note_id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, text VARCHAR(50) NOT NULL
)
"""
STORED = [(1, "High tide at noon")]
WRITES = {
    "POST": ("/rows", {"json": {"text": "mine"}}, 201),
    "PUT": ("/rows/1", {"json": {"text": "mine"}}, 200),
    "PATCH": ("/rows/1", {"data": '{"text": "mine"}', "content_type": MERGE_PATCH}, 200),
    "DELETE": ("/rows/1", {}, 204),
}


def insert(tx, note):
    tx.execute("INSERT INTO note (text) VALUES (%(text)s)", note)
    return tx.last_row_id


def update(tx, key, note):
    tx.execute("UPDATE note SET text = %s WHERE note_id = %s", (note["text"], key))


def delete(tx, key):
    tx.execute("DELETE FROM note WHERE note_id = %s", (key,))


def query_module(**rule):
    """What a query module declares: here, everyone may see all notes."""
    return SimpleNamespace(
        SELECT=Select(Note, table="note", key="note_id"),
        visible_to=lambda _: ALL_ROWS,
        insert=insert,
        update=update,
        delete=delete,
        **rule,
    )


def resources_of(queries):
    """Resources whose operations may all be called by members of staff."""

    class Rows(Resource):
        @operation(roles=STAFF, body=NoteBody, status=201)
        def post(self, body):
            return crud.create(queries, "/rows", body)

    class Row(Resource):
        @operation(roles=STAFF, body=NoteBody, conditional=True)
        def put(self, key, body):
            return crud.replace(queries, key, body)

        @operation(roles=STAFF, patch=NoteBody, conditional=True)
        def patch(self, key, changes):
            return crud.patch(queries, key, changes, NoteBody)

        @operation(roles=STAFF, status=204, conditional=True)
        def delete(self, key):
            return crud.delete(queries, key)

    return Rows, Row


@pytest.fixture(scope="module")
def url(server):
    url = server.create_database()
    with closing(server.connect(url)) as connection:
        query(connection, commit_tokens.DDL)
    return url


@pytest.fixture
def table(server, url):
    """Reads the rows that are stored; begins with one."""
    with closing(server.connect(url)) as connection:
        query(connection, "DROP TABLE IF EXISTS note")
        query(connection, TABLE)
        query(connection, "INSERT INTO note VALUES (%s, %s)", STORED[0])
        yield lambda: list(query(connection, "SELECT note_id, text FROM note ORDER BY note_id"))


@pytest.fixture
def write(url, token_headers):
    """Sends one kind of write to the API of a query module."""

    def send(queries, method, role):
        application = create_app(settings_for(url))
        rows, row = resources_of(queries)
        api = Api(application)
        api.add_resource(rows, "/rows")
        api.add_resource(row, "/rows/<key:key>")
        path, request, _ = WRITES[method]
        headers = token_headers(role) | {"If-Match": "*"}
        with closing(application.extensions["database"]):
            return application.test_client().open(path, method=method, headers=headers, **request)

    return send


@pytest.mark.parametrize("method", WRITES)
def test_without_a_rule_members_of_staff_may_not_write(method, write, table):
    response = write(query_module(), method, "staff")

    assert response.status_code == 403
    assert response.mimetype == "application/problem+json"
    assert table() == STORED


@pytest.mark.parametrize("method", WRITES)
def test_without_a_rule_administrators_may_write(method, write, table):
    response = write(query_module(), method, "admin")

    assert response.status_code == WRITES[method][2]
    assert table() != STORED


@pytest.mark.parametrize("method", WRITES)
def test_a_declared_rule_allows_what_it_says(method, write, table):
    response = write(query_module(writable_by=lambda _: ALL_ROWS), method, "staff")

    assert response.status_code == WRITES[method][2]
    assert table() != STORED


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("role", ["admin", "staff"])
def test_a_declared_rule_rejects_what_it_does_not_allow(role, method, write, table):
    queries = query_module(writable_by=lambda _: Condition("note.text = %s", ("theirs",)))

    response = write(queries, method, role)

    assert response.status_code == 403
    assert table() == STORED
