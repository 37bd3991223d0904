# ruff: noqa: F811 - a fixture has the name of what it gives
"""The application on the sample data, as in tests/api, and new students for it."""

import pytest

from tests.api.conftest import app, as_role, client, me, root, tokens  # noqa: F401
from tests.support.database import query

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
def stored(root):
    """The emails of the students that a test added, in order; forgotten afterwards."""

    def emails():
        rows = query(
            root,
            "SELECT email FROM student WHERE email LIKE %s ORDER BY student_id",
            (f"%@{DOMAIN}",),
        )
        return [email for (email,) in rows]

    yield emails
    query(root, "SET foreign_key_checks = 0")  # the students and their addresses go at once
    query(
        root,
        "DELETE student, address FROM student JOIN address USING (address_id)"
        " WHERE student.email LIKE %s",
        (f"%@{DOMAIN}",),
    )
    query(root, "SET foreign_key_checks = 1")


@pytest.fixture
def three_thousand(root, stored):
    """Students enough for four pages."""
    query(
        root,
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
    query(root, "DELETE FROM student WHERE email LIKE %s", (f"%@{DOMAIN}",))
