"""Members of staff: visibility, the courses they teach, and deletion."""

import pytest

from tests.support.api import ADDRESS, all_pages, delete, merge_patch
from tests.support.counting import statements
from tests.support.database import query

NEW = {
    "first_name": "Inés",
    "last_name": "Zzyzx-Ledesma",
    "email": "ines@staff.example",
    "campus_id": 2,
    "address": ADDRESS,
}


@pytest.fixture
def ines(client, as_role, dba):
    """The path of a new member of staff, on campus 2; deleted after the test."""
    created = client.post("/v1/staff", json=NEW, headers=as_role("admin"))
    yield created.headers["Location"]
    query(dba, "DELETE FROM course_staff WHERE staff_id = %s", (created.json["staff_id"],))
    query(dba, "DELETE FROM staff WHERE email = %s", (NEW["email"],))


def key_of(path):
    return int(path.rsplit("/", 1)[-1])


def test_a_new_member_of_staff_is_stored_with_the_address(client, as_role, ines):
    shown = client.get(ines, headers=as_role("admin")).json

    assert shown.items() >= {**NEW, "active": True}.items()


def test_staff_see_the_staff_of_their_own_campus(client, as_role, me, dba):
    items = all_pages(client, "/v1/staff?limit=100", as_role("staff"))

    ((count,),) = query(dba, "SELECT COUNT(*) FROM staff WHERE campus_id = %s", (me["campus_id"],))
    assert {item["campus_id"] for item in items} == {me["campus_id"]}
    assert len(items) == count


def test_staff_of_another_campus_are_404_for_staff(client, as_role, me, dba):
    ((other,),) = query(
        dba, "SELECT MIN(staff_id) FROM staff WHERE campus_id <> %s", (me["campus_id"],)
    )

    assert client.get(f"/v1/staff/{other}", headers=as_role("staff")).status_code == 404


@pytest.mark.parametrize("path", ["/v1/staff", "/v1/staff/1"])
def test_students_may_not_read_staff(path, client, as_role):
    assert client.get(path, headers=as_role("student")).status_code == 403


@pytest.mark.parametrize("role", ["staff", "student"])
def test_only_administrators_create_staff(role, client, as_role):
    assert client.post("/v1/staff", json=NEW, headers=as_role(role)).status_code == 403


@pytest.mark.parametrize(
    "parameters",
    ["q=zzyz+in", "q=ines", "email=ines@staff.example", "last_name=Zzyzx-Ledesma"],
)
def test_a_member_of_staff_is_found_by_name_or_email(parameters, client, as_role, ines):
    items = client.get(f"/v1/staff?{parameters}", headers=as_role("admin")).json["items"]

    assert [item["staff_id"] for item in items] == [key_of(ines)]


def test_inactive_staff_of_a_campus_can_be_listed(client, as_role, ines):
    merge_patch(client, ines, {"active": False}, as_role("admin"))

    items = all_pages(client, "/v1/staff?campus_id=2&active=false", as_role("admin"))

    assert key_of(ines) in [item["staff_id"] for item in items]
    assert {(item["campus_id"], item["active"]) for item in items} == {(2, False)}


def test_embedded_courses_are_sorted_by_title(client, as_role, ines, dba):
    taught = query(dba, "SELECT course_id, title FROM course ORDER BY title DESC LIMIT 3")
    for course_id, _ in taught:
        query(dba, "INSERT INTO course_staff VALUES (%s, %s, NOW())", (course_id, key_of(ines)))

    shown = client.get(f"{ines}?embed=courses&fields=email", headers=as_role("admin")).json

    assert shown["courses"] == [{"course_id": key, "title": title} for key, title in taught[::-1]]


def test_a_member_of_staff_without_courses_has_an_empty_list(client, as_role, ines):
    shown = client.get(f"{ines}?embed=courses", headers=as_role("admin")).json

    assert shown["courses"] == []


def test_campus_city_and_courses_are_embedded_in_the_same_statement(client, as_role, server):
    headers = as_role("admin")
    path = "/v1/staff?limit=100&embed=campus,city,courses"
    page = client.get(path, headers=headers).json  # opens the connection

    assert all(item["city"]["country"]["country"] for item in page["items"])
    assert any(len(item["courses"]) > 1 for item in page["items"])
    assert statements(server, lambda: client.get(path, headers=headers)) == 1


def test_a_changed_address_is_stored(client, as_role, ines):
    changed = merge_patch(client, ines, {"address": {"district": "Vesturbær"}}, as_role("admin"))

    assert changed.json["address"] == {**ADDRESS, "district": "Vesturbær"}


def test_a_teacher_of_a_course_cannot_be_deleted(client, as_role, ines, dba):
    query(dba, "INSERT INTO course_staff VALUES (1, %s, NOW())", (key_of(ines),))

    assert delete(client, ines, as_role("admin")).status_code == 409
    assert client.get(ines, headers=as_role("admin")).json["address"] == ADDRESS


def test_a_user_of_the_api_cannot_be_deleted(client, as_role, me, dba):
    taught = query(dba, "SELECT course_id FROM course_staff WHERE staff_id = %s", (me["staff_id"],))
    query(dba, "DELETE FROM course_staff WHERE staff_id = %s", (me["staff_id"],))

    response = delete(client, f"/v1/staff/{me['staff_id']}", as_role("admin"))

    for (course_id,) in taught:
        query(dba, "INSERT INTO course_staff VALUES (%s, %s, NOW())", (course_id, me["staff_id"]))
    assert response.status_code == 409


def test_deleting_a_member_of_staff_deletes_the_address(client, as_role, ines, dba):
    ((address_id,),) = query(
        dba, "SELECT address_id FROM staff WHERE staff_id = %s", (key_of(ines),)
    )

    assert delete(client, ines, as_role("admin")).status_code == 204

    assert client.get(ines, headers=as_role("admin")).status_code == 404
    assert query(dba, "SELECT 1 FROM address WHERE address_id = %s", (address_id,)) == ()
