"""Fixtures: the application with the sample data, and headers of signed-in users.

As in production, Flask's `TESTING` is off.
"""

from contextlib import closing
from functools import partial

import pytest

from app import create_app
from tests.support.api import all_pages
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
    """A connection of the database administrator to the database with the sample data."""
    with closing(server.connect(migrated)) as connection:
        yield connection


@pytest.fixture(scope="session")
def tokens(migrated, server):
    """An access token of the sample user of each role, valid for a day."""
    application = create_app(settings_for(migrated, access_token_seconds=86_400))
    tokens = {user.role: sign_in(application.test_client(), user) for user in server.users}
    application.extensions["database"].close()
    return tokens


@pytest.fixture
def as_role(tokens):
    """A function that returns the headers of the signed-in sample user of a role."""
    return lambda role: {"Authorization": f"Bearer {tokens[role]}"}


@pytest.fixture
def me(dba):
    """The keys of the student and the member of staff that the sample users belong to."""
    (student_id,) = query(dba, "SELECT student_id FROM api_user WHERE role = 'student'")[0]
    ((staff_id, campus_id),) = query(
        dba,
        "SELECT staff_id, campus_id FROM staff JOIN api_user USING (staff_id)"
        " WHERE api_user.role = 'staff'",
    )
    return {"student_id": student_id, "staff_id": staff_id, "campus_id": campus_id}


@pytest.fixture
def course(client, as_role, dba):
    """The key of a new course without teachers; deleted after the test with its dependent rows."""
    new = {"title": "Tidepools", "description": "Anemones, limpets.", "level": "advanced"}
    created = client.post("/v1/courses", json=new, headers=as_role("admin"))
    key = created.json["course_id"]
    yield key
    query(dba, "DELETE FROM assessment WHERE chapter_id IN (" + CHAPTERS + ")", (key,))
    for table in ("chapter", "enrollment", "course_subject", "course_staff", "course"):
        query(dba, f"DELETE FROM {table} WHERE course_id = %s", (key,))


@pytest.fixture
def taught(dba, course, me):
    """The key of `course`, which the sample member of staff now teaches."""
    query(dba, "INSERT INTO course_staff VALUES (%s, %s, NOW())", (course, me["staff_id"]))
    return course


@pytest.fixture
def all_items(client, as_role):
    """A function that returns the items of all pages of a list, as a role sees them."""
    return lambda path, role: all_pages(client, path, as_role(role))


@pytest.fixture
def rows_read_for(app, client, as_role, server):
    """A function that returns the number of rows the server reads for a GET of few statements."""

    def count(path, role, most_statements=1):
        get = partial(client.get, path, headers=as_role(role))
        response = get()  # opens the connection
        assert response.status_code == 200, response.text
        assert 1 <= statements(server, get) <= most_statements
        return rows_read(server, get)

    return count
