"""Subjects: readable by every role, written by administrators, and deletion."""

import pytest

from tests.support.api import all_pages, delete, merge_patch
from tests.support.database import query

NAME = "Marine Biology"


@pytest.fixture
def subject(client, as_role, dba):
    """The path of a new subject; deleted after the test."""
    created = client.post("/v1/subjects", json={"name": NAME}, headers=as_role("admin"))
    yield created.headers["Location"]
    query(dba, "DELETE FROM subject WHERE subject_id = %s", (created.json["subject_id"],))


@pytest.mark.parametrize("role", ["admin", "staff", "student"])
def test_every_role_sees_all_subjects(role, client, as_role, dba):
    items = all_pages(client, "/v1/subjects?sort=name", as_role(role))

    names = query(dba, "SELECT name FROM subject ORDER BY name")
    assert [item["name"] for item in items] == [name for (name,) in names]


def test_a_subject_is_found_by_part_of_its_name(client, as_role, subject):
    items = client.get("/v1/subjects?q=rine+bio", headers=as_role("student")).json["items"]

    assert [item["name"] for item in items] == [NAME]


def test_a_subject_can_be_renamed(client, as_role, subject):
    changed = merge_patch(client, subject, {"name": "Oceanography"}, as_role("admin"))

    assert changed.json["name"] == "Oceanography"
    assert client.get(subject, headers=as_role("student")).json == changed.json


def test_a_duplicate_name_is_rejected_with_a_pointer(client, as_role, subject):
    response = client.post("/v1/subjects", json={"name": NAME}, headers=as_role("admin"))

    assert response.status_code == 409
    assert response.json["errors"][0]["pointer"] == "/name"


@pytest.mark.parametrize("role", ["staff", "student"])
def test_only_administrators_write_subjects(role, client, as_role, subject):
    headers = as_role(role)

    assert client.post("/v1/subjects", json={"name": "X"}, headers=headers).status_code == 403
    assert merge_patch(client, subject, {"name": "X"}, headers).status_code == 403
    assert delete(client, subject, headers).status_code == 403


def test_a_subject_of_a_course_cannot_be_deleted(client, as_role, dba):
    ((subject_id,),) = query(dba, "SELECT MIN(subject_id) FROM course_subject")

    response = delete(client, f"/v1/subjects/{subject_id}", as_role("admin"))

    assert response.status_code == 409
    assert response.json["type"].endswith(":still-referenced")


def test_a_subject_without_courses_can_be_deleted(client, as_role, subject):
    assert delete(client, subject, as_role("admin")).status_code == 204

    assert client.get(subject, headers=as_role("admin")).status_code == 404
