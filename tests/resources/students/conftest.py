"""New students, and databases to import them into."""

from contextlib import closing

import pytest

from app import create_app
from app.db.url import DatabaseUrl
from tests.support.database import query, settings_for
from tests.support.server import start_server

DOMAIN = "bulk.example"


def student(number, **changes):
    """A valid student who begins like a formula in two cells."""
    return {
        "first_name": "Zoë",
        "last_name": f"Þórsdóttir {number}",
        "email": f"zoe.{number}@{DOMAIN}",
        "campus_id": 1,
        "active": number % 2 == 0,
        "address": {
            "address": f"=Þórsgata {number}",
            "address2": None,
            "district": 'Mið, "borg"',
            "city_id": 1,
            "postal_code": "101",
            "phone": "+354 555 0000",
        },
        **changes,
    }


@pytest.fixture
def stored(dba):
    """The emails of the students that a test added, in order; forgotten afterwards."""

    def emails():
        rows = query(
            dba,
            "SELECT email FROM student WHERE email LIKE %s ORDER BY student_id",
            (f"%@{DOMAIN}",),
        )
        return [email for (email,) in rows]

    yield emails
    query(dba, "SET foreign_key_checks = 0")  # the students and their addresses go at once
    query(
        dba,
        "DELETE student, address FROM student JOIN address USING (address_id)"
        " WHERE student.email LIKE %s",
        (f"%@{DOMAIN}",),
    )
    query(dba, "SET foreign_key_checks = 1")


@pytest.fixture
def three_thousand(dba, stored):
    """Students enough for four pages."""
    query(
        dba,
        """
        INSERT INTO student (campus_id, address_id, first_name, last_name, email)
        WITH RECURSIVE one_to AS (
            SELECT 1 AS number UNION ALL SELECT number + 1 FROM one_to WHERE number < 1000
        )
        SELECT 2, 1, 'Ana', 'Čapek', CONCAT(address_id, '.', number, %s)
        FROM one_to JOIN (SELECT address_id FROM address LIMIT 3) AS three
        """,
        (f"@{DOMAIN}",),
    )
    yield 3000
    query(dba, "DELETE FROM student WHERE email LIKE %s", (f"%@{DOMAIN}",))


def copy_places(server, source, url):
    """Give a migrated database the campuses of another one, with all that they need."""
    old = DatabaseUrl.parse(source).name
    of_campuses = f"WHERE address_id IN (SELECT address_id FROM {old}.campus)"
    with closing(server.connect(url)) as connection:
        for table in ("country", "city", "address", "campus"):
            where = of_campuses if table == "address" else ""
            query(connection, f"INSERT INTO {table} SELECT * FROM {old}.{table} {where}")


@pytest.fixture(scope="package")
def empty_school(server, migrated):
    """A database with campuses and no student."""
    url = server.create_migrated_database()
    copy_places(server, migrated, url)
    return url


@pytest.fixture
def restarting():
    """The same on a server of its own, which may be restarted."""
    with start_server() as server:
        url = server.create_sample_database()
        with closing(server.connect(url)) as connection:
            for table in ("attempt", "enrollment", "api_user", "student"):
                query(connection, f"DELETE FROM {table}")
        yield url, server


@pytest.fixture
def school(empty_school, server):
    """That database, with no student in it, for an import."""
    yield empty_school
    with closing(server.connect(empty_school)) as connection:
        query(connection, "DELETE FROM student")
        query(
            connection,
            "DELETE FROM address WHERE address_id NOT IN (SELECT address_id FROM campus)",
        )
        query(connection, "DELETE FROM import_progress")


@pytest.fixture
def in_school(school, server):
    """A connection of the administrator to it."""
    with closing(server.connect(school)) as connection:
        yield connection


@pytest.fixture
def run_import(school):
    """Run the command; `given` is its standard input."""
    application = create_app(settings_for(school))

    def run(*arguments, given=None):
        names = [str(argument) for argument in arguments]
        return application.test_cli_runner().invoke(args=["import-students", *names], input=given)

    yield run
    application.extensions["database"].close()
