"""A small API of notes, so that these tests do not depend on the real resources."""

import pytest
from flask import Response
from pydantic import BaseModel, Field

from app import create_app
from app.auth import tokens
from app.http.api import Api, Resource
from app.http.caller import PUBLIC, STAFF, Caller
from app.http.context import database
from app.http.operation import operation
from app.http.responses import json_response
from app.http.types import Body, Line50
from tests.support.database import settings_for

UNREACHABLE = "mysql://app:secret-word@127.0.0.1:1/nothing"


class Note(BaseModel):
    note_id: int
    text: str


class NoteBody(Body):
    text: Line50 = Field(examples=["Low tide at six"])


class Notes(Resource):
    """Public notes, which are not stored."""

    @operation(roles=PUBLIC)
    def get(self):
        return json_response({"items": []})

    @operation(roles=PUBLIC, body=NoteBody, status=201)
    def post(self, body):
        return json_response({"note_id": 1, "text": body.text}, 201)


class PrivateNotes(Resource):
    """Notes for members of staff."""

    @operation(roles=STAFF)
    def get(self):
        return Response("{}", headers={"ETag": '"one"'}, mimetype="application/json")


class DatabaseNotes(Resource):
    """An operation that needs the database."""

    @operation(roles=PUBLIC)
    def get(self):
        return json_response(database().fetch_one("SELECT 1 AS note_id"))


class FailingNotes(Resource):
    """An operation that fails after it has used the database."""

    @operation(roles=PUBLIC)
    def get(self):
        database().fetch_one("SELECT 1 AS note_id")
        raise RuntimeError("a bug in the view")


def create_note_app(url=UNREACHABLE, **values):
    """Create the whole application, with the resources of this module added."""
    application = create_app(settings_for(url, **values))
    api = Api(application)
    api.add_resource(Notes, "/notes", endpoint="notes_of_tests")  # not that of a resource
    api.add_resource(PrivateNotes, "/private-notes")
    api.add_resource(DatabaseNotes, "/database-notes")
    api.add_resource(FailingNotes, "/failing-notes")
    return application


@pytest.fixture(scope="package")
def note_app():
    application = create_note_app()
    yield application
    application.extensions["database"].close()


@pytest.fixture
def note_client(note_app):
    """A client of the small API, whose database is unreachable."""
    return note_app.test_client()


@pytest.fixture(scope="package")
def token_headers():
    """Headers with an access token for a role; no such user needs to exist."""

    def headers(role):
        caller = Caller(api_user_id=1, role=role, campus_id=1, student_id=None, staff_id=1)
        token = tokens.issue(caller, settings_for(UNREACHABLE))
        return {"Authorization": f"Bearer {token}"}

    return headers
