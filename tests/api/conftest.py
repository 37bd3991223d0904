"""The application on the sample data, as in production (`TESTING` off), and its signed-in users."""

from base64 import b64encode
from contextlib import closing
from functools import partial

import pytest

from app import create_app
from tests.support.counting import rows_read, statements
from tests.support.database import query, settings_for

CHAPTERS = "SELECT chapter_id FROM chapter WHERE course_id = %s"


@pytest.fixture(scope="package")
def app(migrated):
    application = create_app(settings_for(migrated))
    yield application
    application.extensions["database"].close()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def root(server, migrated):
    with closing(server.connect(migrated)) as connection:
        yield connection


@pytest.fixture(scope="package")
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
def me(root):
    """The rows that the sample users stand for: `student` and `staff`."""
    (student_id,) = query(root, "SELECT student_id FROM api_user WHERE role = 'student'")[0]
    ((staff_id, campus_id),) = query(
        root,
        "SELECT staff_id, campus_id FROM staff JOIN api_user USING (staff_id)"
        " WHERE api_user.role = 'staff'",
    )
    return {"student_id": student_id, "staff_id": staff_id, "campus_id": campus_id}


@pytest.fixture
def course(client, as_role, root):
    """The key of a new course that nobody teaches; forgotten afterwards, with all that is in it."""
    new = {"title": "Tidepools", "description": "Anemones, limpets.", "level": "advanced"}
    created = client.post("/v1/courses", json=new, headers=as_role("admin"))
    key = created.json["course_id"]
    yield key
    query(root, "DELETE FROM assessment WHERE chapter_id IN (" + CHAPTERS + ")", (key,))
    for table in ("chapter", "enrollment", "course_subject", "course_staff", "course"):
        query(root, f"DELETE FROM {table} WHERE course_id = %s", (key,))


@pytest.fixture
def taught(root, course, me):
    """The same course, taught by the sample member of staff."""
    query(root, "INSERT INTO course_staff VALUES (%s, %s, NOW())", (course, me["staff_id"]))
    return course


def basic(user_name, password):
    return {"Authorization": "Basic " + b64encode(f"{user_name}:{password}".encode()).decode()}


def sign_in(client, user):
    answer = client.post("/v1/tokens", headers=basic(user.user_name, user.password))
    assert answer.status_code == 201, answer.text
    return answer.json["access_token"]


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
