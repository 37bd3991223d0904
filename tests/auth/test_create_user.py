"""`flask create-user`, which creates the first user of a database without sample data."""

from contextlib import closing

import pytest

from app import create_app
from tests.support.database import query, settings_for
from tests.support.signing_in import basic

PASSWORD = "a password of some length"


@pytest.fixture(scope="module")
def empty_url(server):
    return server.create_migrated_database()


@pytest.fixture
def empty_app(empty_url, server):
    with closing(server.connect(empty_url)) as dba:
        query(dba, "DELETE FROM refresh_token")
        query(dba, "DELETE FROM api_user")
    return create_app(settings_for(empty_url))


def create(app, *arguments, password=PASSWORD):
    runner = app.test_cli_runner()
    return runner.invoke(args=["create-user", *arguments], input=f"{password}\n{password}\n")


def test_the_first_user_can_sign_in(empty_app):
    result = create(empty_app, "head")

    assert result.exit_code == 0, result.output
    response = empty_app.test_client().post("/v1/tokens", headers=basic("head", PASSWORD))
    assert response.status_code == 201


def test_a_user_name_that_is_taken_is_rejected(empty_app):
    create(empty_app, "head")

    result = create(empty_app, "head")

    assert result.exit_code == 1
    assert "the user name is taken" in result.output


@pytest.mark.parametrize("arguments", [["--role", "staff"], ["--student-id", "1"]])
def test_a_role_without_its_staff_or_student_is_rejected(arguments, empty_app):
    result = create(empty_app, "new user", *arguments)

    assert result.exit_code == 1
    assert "does not match the role" in result.output


def test_a_short_password_is_rejected(empty_app):
    result = create(empty_app, "head", password="short")

    assert result.exit_code == 1
    assert "the password must have 12 to 256 characters" in result.output
