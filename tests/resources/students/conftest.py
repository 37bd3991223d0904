"""Fixtures: new students, and databases to import them into."""

from contextlib import closing

import pytest

from app import create_app
from app.db.url import DatabaseUrl
from sample_data.rows import COLUMNS
from tests.support.database import query, settings_for
from tests.support.server import start_server

DOMAIN = "bulk.example"


def student(number, **changes):
    """Return a valid student; two of the CSV cells start like a formula."""
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
def stored_emails(dba):
    """A function that returns the emails of students added by the test, who are then deleted."""

    def emails():
        rows = query(
            dba,
            "SELECT email FROM student WHERE email LIKE %s ORDER BY student_id",
            (f"%@{DOMAIN}",),
        )
        return [email for (email,) in rows]

    yield emails
    query(dba, "SET foreign_key_checks = 0")  # deletes students and addresses in one statement
    query(
        dba,
        "DELETE student, address FROM student JOIN address USING (address_id)"
        " WHERE student.email LIKE %s",
        (f"%@{DOMAIN}",),
    )
    query(dba, "SET foreign_key_checks = 1")


@pytest.fixture
def many_students(dba, stored_emails):
    """3,000 more students, for an export of four pages."""
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


def copy_campuses(server, source, url):
    """Copy the campuses of another database, with their addresses, cities and countries."""
    old = DatabaseUrl.parse(source).name
    of_campuses = f"WHERE address_id IN (SELECT address_id FROM {old}.campus)"
    with closing(server.connect(url)) as connection:
        for table in ("country", "city", "address", "campus"):
            where = of_campuses if table == "address" else ""
            query(connection, f"INSERT INTO {table} SELECT * FROM {old}.{table} {where}")


@pytest.fixture(scope="package")
def empty_school(server, migrated):
    """A database with campuses and without students."""
    url = server.create_migrated_database()
    copy_campuses(server, migrated, url)
    return url


@pytest.fixture
def restartable_school():
    """A database without students on a separate server, which tests may restart."""
    with start_server() as server:
        url = server.create_sample_database()
        with closing(server.connect(url)) as connection:
            tables = list(COLUMNS)  # those that refer to students are loaded after them
            for table in reversed(tables[tables.index("student") :]):
                query(connection, f"DELETE FROM {table}")
        yield url, server


@pytest.fixture
def school(empty_school, server):
    """The empty database for one test."""
    yield empty_school
    with closing(server.connect(empty_school)) as connection:
        query(connection, "DELETE FROM student")
        query(
            connection,
            "DELETE FROM address WHERE address_id NOT IN (SELECT address_id FROM campus)",
        )
        query(connection, "DELETE FROM import_progress")


@pytest.fixture
def school_dba(school, server):
    """A connection of the database administrator to `school`."""
    with closing(server.connect(school)) as connection:
        yield connection


@pytest.fixture
def run_import(school):
    """A function that runs `flask import-students`; `stdin` is its standard input."""
    application = create_app(settings_for(school))

    def run(*arguments, stdin=None):
        names = [str(argument) for argument in arguments]
        return application.test_cli_runner().invoke(args=["import-students", *names], input=stdin)

    yield run
    application.extensions["database"].close()
