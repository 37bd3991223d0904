"""The application on the sample data, as in production (`TESTING` off), and its signed-in users."""

from contextlib import closing
from functools import partial

import pytest

from app import create_app
from tests.support.counting import rows_read, statements
from tests.support.database import query, settings_for
from tests.support.signing_in import sign_in

CHAPTERS = "SELECT chapter_id FROM chapter WHERE course_id = %s"


@pytest.fixture(scope="session")
def app(migrated):
    application = create_app(settings_for(migrated))
    yield application
    application.extensions["database"].close()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def dba(server, migrated):
    """The administrator, in the database with the sample data."""
    with closing(server.connect(migrated)) as connection:
        yield connection


@pytest.fixture(scope="session")
def tokens(migrated, server):
    """An access token for the sample user of each role, good however long the tests take."""
    patient = create_app(settings_for(migrated, access_token_seconds=86_400))
    found = {user.role: sign_in(patient.test_client(), user) for user in server.users}
    patient.extensions["database"].close()
    return found


@pytest.fixture
def as_role(tokens):
    """Headers of a signed-in user of some role."""
    return lambda role: {"Authorization": f"Bearer {tokens[role]}"}


@pytest.fixture
def me(dba):
    """The rows that the sample users stand for: `student` and `staff`."""
    (student_id,) = query(dba, "SELECT student_id FROM api_user WHERE role = 'student'")[0]
    ((staff_id, campus_id),) = query(
        dba,
        "SELECT staff_id, campus_id FROM staff JOIN api_user USING (staff_id)"
        " WHERE api_user.role = 'staff'",
    )
    return {"student_id": student_id, "staff_id": staff_id, "campus_id": campus_id}


@pytest.fixture
def course(client, as_role, dba):
    """The key of a new course that nobody teaches; forgotten afterwards, with all that is in it."""
    new = {"title": "Tidepools", "description": "Anemones, limpets.", "level": "advanced"}
    created = client.post("/v1/courses", json=new, headers=as_role("admin"))
    key = created.json["course_id"]
    yield key
    query(dba, "DELETE FROM assessment WHERE chapter_id IN (" + CHAPTERS + ")", (key,))
    for table in ("chapter", "enrollment", "course_subject", "course_staff", "course"):
        query(dba, f"DELETE FROM {table} WHERE course_id = %s", (key,))


@pytest.fixture
def taught(dba, course, me):
    """The same course, taught by the sample member of staff."""
    query(dba, "INSERT INTO course_staff VALUES (%s, %s, NOW())", (course, me["staff_id"]))
    return course


@pytest.fixture
def all_items(client, as_role):
    """The items of all pages of a list, for some role."""

    def items(path, role):
        found = []
        while path:
            page = client.get(path, headers=as_role(role)).json
            found += page["items"]
            path = page.get("next")
        return found

    return items


@pytest.fixture
def rows_read_for(app, client, as_role, server):
    """How many rows the server reads for the GET of a path, which is one statement."""

    def count(path, role):
        get = partial(client.get, path, headers=as_role(role))
        answer = get()  # a connection is open from here on
        assert answer.status_code == 200, answer.text
        assert statements(server, get) == 1
        return rows_read(server, get)

    return count
