"""Students: visibility, pages, and validation."""

import pytest

from tests.support.api import ADDRESS, all_pages
from tests.support.counting import statements
from tests.support.database import query

NEW = {"first_name": "Zoë", "last_name": "Þórsdóttir", "email": "zoe@students.example"}


@pytest.fixture
def new(dba):
    """A valid new student on campus 1; deleted after the test."""
    yield {**NEW, "campus_id": 1, "address": ADDRESS}
    query(dba, "DELETE FROM student WHERE email = %s", (NEW["email"],))


def test_a_page_has_twenty_students_and_a_next_link(client, as_role):
    page = client.get("/v1/students", headers=as_role("admin")).json

    assert len(page["items"]) == 20
    assert page["next"].startswith("/v1/students?cursor=")


def test_the_pages_contain_every_student_once_in_order(client, as_role, dba):
    items = all_pages(client, "/v1/students?limit=100", as_role("admin"))

    in_order = [row[0] for row in query(dba, "SELECT student_id FROM student ORDER BY student_id")]
    assert [item["student_id"] for item in items] == in_order


def test_a_filter_applies_to_every_page(client, as_role, dba):
    items = all_pages(client, "/v1/students?limit=50&campus_id=2&active=true", as_role("admin"))

    ((count,),) = query(dba, "SELECT COUNT(*) FROM student WHERE campus_id = 2 AND active")
    assert {(item["campus_id"], item["active"]) for item in items} == {(2, True)}
    assert len(items) == count


@pytest.mark.parametrize("change", ["&campus_id=2", "&active=true"])
def test_a_cursor_is_rejected_with_other_filters(change, client, as_role):
    first = client.get("/v1/students?limit=5", headers=as_role("admin")).json

    response = client.get(first["next"] + change, headers=as_role("admin"))

    assert response.status_code == 400
    assert response.json["errors"][0]["parameter"] == "cursor"


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("cursor=forged", "cursor"),
        ("campus_id=x", "campus_id"),
        ("colour=red", "colour"),
    ],
)
def test_an_invalid_parameter_is_rejected_by_name(parameters, name, client, as_role):
    response = client.get(f"/v1/students?{parameters}", headers=as_role("admin"))

    assert response.status_code == 400
    assert response.json["errors"][0]["parameter"] == name


def test_staff_see_only_students_of_their_campus(client, as_role, me):
    items = all_pages(client, "/v1/students?limit=100", as_role("staff"))

    assert {item["campus_id"] for item in items} == {me["campus_id"]}


def test_a_student_sees_only_themselves(client, as_role, me):
    items = all_pages(client, "/v1/students", as_role("student"))

    assert [item["student_id"] for item in items] == [me["student_id"]]


def test_a_student_can_read_themselves(client, as_role, me):
    response = client.get(f"/v1/students/{me['student_id']}", headers=as_role("student"))

    assert response.status_code == 200
    assert response.json["student_id"] == me["student_id"]
    assert response.json["create_date"].endswith("Z")


def test_a_student_gets_404_for_another_student(client, as_role, me):
    response = client.get(f"/v1/students/{me['student_id'] + 1}", headers=as_role("student"))

    assert response.status_code == 404


def test_a_new_student_is_readable_at_its_location(client, as_role, new):
    created = client.post("/v1/students", json=new, headers=as_role("admin"))

    assert created.status_code == 201
    shown = client.get(created.headers["Location"], headers=as_role("admin"))
    assert shown.json == created.json
    assert shown.json.items() >= new.items()


def test_a_duplicate_email_is_rejected_with_a_pointer(client, as_role, new):
    client.post("/v1/students", json=new, headers=as_role("admin"))

    response = client.post("/v1/students", json=new, headers=as_role("admin"))

    assert response.status_code == 409
    assert response.json["errors"][0]["pointer"] == "/email"
    assert "Duplicate entry" not in response.text


def test_a_missing_campus_is_rejected_with_a_pointer(client, as_role, new):
    response = client.post("/v1/students", json={**new, "campus_id": 255}, headers=as_role("admin"))

    assert response.status_code == 409
    assert response.json["errors"][0]["pointer"] == "/campus_id"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", ""),
        ("first_name", 5),
        ("first_name", "Zo\x00e"),
        ("last_name", "x" * 46),
        ("email", "not an address"),
        ("campus_id", "1"),
        ("campus_id", 4_294_967_296),
        ("address", 5),
        ("active", "yes"),
        ("nickname", "Zo"),
    ],
)
def test_an_invalid_field_is_rejected_by_name(field, value, client, as_role, new):
    response = client.post("/v1/students", json={**new, field: value}, headers=as_role("admin"))

    assert response.status_code == 422
    assert [error["pointer"] for error in response.json["errors"]] == [f"/{field}"]


def test_staff_may_only_create_students_of_their_own_campus(client, as_role, new, me):
    other = me["campus_id"] % 5 + 1

    response = client.post(
        "/v1/students", json={**new, "campus_id": other}, headers=as_role("staff")
    )

    assert response.status_code == 403


def test_a_student_may_not_create_students(client, as_role, new):
    assert client.post("/v1/students", json=new, headers=as_role("student")).status_code == 403


def test_reading_takes_one_statement_and_creating_six(app, client, as_role, server, new):
    headers = as_role("admin")
    client.get("/v1/students/1", headers=headers)  # opens the connection

    assert statements(server, lambda: client.get("/v1/students/1", headers=headers)) == 1
    assert statements(server, lambda: client.get("/v1/students", headers=headers)) == 1
    create = statements(server, lambda: client.post("/v1/students", json=new, headers=headers))
    assert create == 6  # BEGIN, INSERT of the address, INSERT, SELECT, commit token, COMMIT
