"""A rejected insert uses up no key of a table that has few: see also the migrations."""

import re

import pytest

from tests.support.catalog import resources, valid_body
from tests.support.database import query

BY_TABLE = {it.table: it for it in resources()}


@pytest.fixture
def next_key(dba):
    def read(table):
        return re.search(r"AUTO_INCREMENT=(\d+)", query(dba, f"SHOW CREATE TABLE {table}")[0][1])[1]

    return read


@pytest.fixture
def reject(client, as_role, dba):
    """A function that sends a body, in which some values are replaced; returns the status."""

    def post(table, role, path, **values):
        body = valid_body(BY_TABLE[table].create.declared.body, dba) | values
        return client.post(path, json=body, headers=as_role(role)).status_code

    return post


def test_an_email_address_in_use_uses_up_no_key(reject, next_key, dba):
    ((email,),) = query(dba, "SELECT MIN(email) FROM staff")
    before = next_key("staff")

    assert reject("staff", "admin", "/v1/staff", email=email) == 409
    assert next_key("staff") == before


MISSING = {
    "staff": ("/v1/staff", {"campus_id": 65_000}, 409),
    "chapter": ("/v1/courses/65000/chapters", {}, 404),
    "assessment": ("/v1/chapters/16000000/assessments", {}, 404),
    "enrollment": ("/v1/enrollments", {"student_id": 4_000_000_000}, 409),
    "attempt": ("/v1/attempts", {"enrollment_id": 4_000_000_000}, 409),
}


@pytest.mark.parametrize("table", MISSING)
def test_a_missing_reference_uses_up_no_key(table, reject, next_key):
    path, values, status = MISSING[table]
    before = next_key(table)

    assert reject(table, "admin", path, **values) == status
    assert next_key(table) == before


@pytest.mark.parametrize("table", ["chapter", "assessment"])
def test_a_caller_without_permission_uses_up_no_key(table, reject, next_key, course, dba):
    query(
        dba, "INSERT INTO chapter (course_id, chapter_number, title) VALUES (%s, 1, '')", (course,)
    )
    ((chapter,),) = query(dba, "SELECT chapter_id FROM chapter WHERE course_id = %s", (course,))
    parents = {
        "chapter": f"courses/{course}/chapters",
        "assessment": f"chapters/{chapter}/assessments",
    }
    before = next_key(table)

    assert reject(table, "staff", f"/v1/{parents[table]}") == 403
    assert next_key(table) == before
