"""Enrollments: who sees which, what never changes in them, and what a page costs."""

import pytest

from tests.support.database import query

BEGUN = "2026-01-10T08:00:00Z"
DONE = "2026-03-01T12:30:00Z"


@pytest.fixture
def free(dba):
    """A student and a course that they do not take; forgotten afterwards."""
    pair = query(
        dba,
        """
        SELECT student_id, course_id FROM student CROSS JOIN course
        WHERE (student_id, course_id) NOT IN (SELECT student_id, course_id FROM enrollment)
        ORDER BY student_id DESC, course_id DESC LIMIT 1
        """,
    )[0]
    yield dict(zip(("student_id", "course_id"), pair, strict=True))
    query(dba, "DELETE FROM enrollment WHERE student_id = %s AND course_id = %s", pair)


@pytest.fixture
def enrolled(client, as_role, free):
    """A new enrollment without attempts: its address, its state, and the headers to change it."""
    body = {**free, "enrollment_date": BEGUN}
    created = client.post("/v1/enrollments", json=body, headers=as_role("admin"))
    assert created.status_code == 201, created.text
    headers = {**as_role("admin"), "If-Match": created.headers["ETag"]}
    return created.headers["Location"], created.json, headers


def test_the_pages_show_every_enrollment_once_in_order(all_items, dba):
    items = all_items("/v1/enrollments?limit=100", "admin")

    keys = query(dba, "SELECT enrollment_id FROM enrollment ORDER BY enrollment_id")
    assert [item["enrollment_id"] for item in items] == [key for (key,) in keys]


def test_staff_see_the_students_of_their_campus_and_the_courses_they_teach(all_items, dba):
    items = all_items("/v1/enrollments?limit=100", "staff")

    visible = query(
        dba,
        """
        SELECT enrollment_id FROM enrollment JOIN student USING (student_id)
        JOIN (SELECT staff.* FROM staff JOIN api_user USING (staff_id)) AS me
        WHERE student.campus_id = me.campus_id OR (course_id, me.staff_id) IN
              (SELECT course_id, staff_id FROM course_staff)
        ORDER BY enrollment_id
        """,
    )
    assert [item["enrollment_id"] for item in items] == [key for (key,) in visible]
    assert len({item["course_id"] for item in items}) > 1


def test_a_student_sees_their_own_only(all_items, me):
    items = all_items("/v1/enrollments", "student")

    assert {item["student_id"] for item in items} == {me["student_id"]}


@pytest.mark.parametrize(("completed", "is_set"), [("true", True), ("false", False)])
def test_completed_is_a_filter(completed, is_set, all_items):
    items = all_items(f"/v1/enrollments?course_id=7&limit=100&completed={completed}", "admin")

    assert {item["completion_date"] is not None for item in items} == {is_set}


def test_the_newest_come_first_when_asked_for(all_items):
    items = all_items("/v1/enrollments?limit=100&sort=-enrollment_date", "admin")

    in_order = sorted(
        items, key=lambda it: (it["enrollment_date"], it["enrollment_id"]), reverse=True
    )
    assert items == in_order
    assert len(items) > 1000


def test_student_course_and_attempts_can_be_embedded(client, as_role, dba):
    path = "/v1/enrollments/1?embed=student,course,attempts&fields=course_id"

    shown = client.get(path, headers=as_role("admin")).json

    attempts = query(dba, "SELECT attempt_id FROM attempt WHERE enrollment_id = 1 ORDER BY 1")
    assert set(shown["student"]) == {"student_id", "first_name", "last_name"}
    assert shown["course"]["course_id"] == shown["course_id"]
    assert [attempt["attempt_id"] for attempt in shown["attempts"]] == [key for (key,) in attempts]


def test_an_enrollment_without_a_date_begins_now(client, as_role, free, dba):
    created = client.post("/v1/enrollments", json=free, headers=as_role("admin"))

    assert created.status_code == 201
    assert created.json["completion_date"] is None
    begun = created.json["enrollment_date"].rstrip("Z").replace("T", " ")
    ((seconds,),) = query(dba, "SELECT TIMESTAMPDIFF(SECOND, %s, UTC_TIMESTAMP())", (begun,))
    assert 0 <= seconds < 60


def test_a_course_is_taken_once(client, as_role, enrolled, free):
    again = client.post("/v1/enrollments", json=free, headers=as_role("admin"))

    assert again.status_code == 409
    assert again.json["errors"][0]["pointer"] == "/course_id"


@pytest.mark.parametrize("field", ["student_id", "course_id"])
def test_nobody_is_enrolled_in_nothing(field, client, as_role, free):
    body = {**free, field: 65_000}

    answer = client.post("/v1/enrollments", json=body, headers=as_role("admin"))

    assert answer.status_code == 409
    assert answer.json["errors"][0]["pointer"] == f"/{field}"


def test_staff_enroll_nobody_whom_they_have_no_part_in(client, as_role, dba, me):
    pair = query(
        dba,
        """
        SELECT student_id, course_id FROM student CROSS JOIN course
        WHERE campus_id <> %s
          AND (student_id, course_id) NOT IN (SELECT student_id, course_id FROM enrollment)
          AND course_id NOT IN (SELECT course_id FROM course_staff JOIN api_user USING (staff_id))
        LIMIT 1
        """,
        (me["campus_id"],),
    )[0]
    body = dict(zip(("student_id", "course_id"), pair, strict=True))

    answer = client.post("/v1/enrollments", json=body, headers=as_role("staff"))

    assert answer.status_code == 403
    stored = "SELECT 1 FROM enrollment WHERE student_id = %s AND course_id = %s"
    assert query(dba, stored, pair) == ()


def test_a_completion_date_completes_it_and_null_takes_that_back(client, enrolled):
    path, _, headers = enrolled
    headers["Content-Type"] = "application/merge-patch+json"

    done = client.patch(path, data=f'{{"completion_date": "{DONE}"}}', headers=headers)
    headers["If-Match"] = done.headers["ETag"]
    undone = client.patch(path, data='{"completion_date": null}', headers=headers)

    assert (done.json["completion_date"], done.json["enrollment_date"]) == (DONE, BEGUN)
    assert undone.json["completion_date"] is None


def test_nothing_is_completed_before_it_began(client, enrolled):
    path, _, headers = enrolled
    body = {"enrollment_date": DONE, "completion_date": BEGUN}

    assert client.put(path, json=body, headers=headers).status_code == 409


@pytest.mark.parametrize("field", ["student_id", "course_id"])
def test_student_and_course_never_change(field, client, enrolled):
    path, _, headers = enrolled
    body = {"enrollment_date": BEGUN, field: 1}

    answer = client.put(path, json=body, headers=headers)

    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == f"/{field}"


def test_what_nothing_was_attempted_in_can_be_dropped(client, enrolled):
    path, _, headers = enrolled

    assert client.delete(path, headers=headers).status_code == 204
    assert client.get(path, headers=headers).status_code == 404


def test_what_was_attempted_is_not_dropped(client, as_role):
    shown = client.get("/v1/enrollments/1", headers=as_role("admin"))
    headers = {**as_role("admin"), "If-Match": shown.headers["ETag"]}

    answer = client.delete("/v1/enrollments/1", headers=headers)

    assert answer.status_code == 409
    assert answer.json["type"].endswith("still-referenced")


@pytest.mark.parametrize("role", ["admin", "staff"])
@pytest.mark.parametrize("parameters", ["", "embed=student,course,attempts"])
def test_a_page_is_one_statement_over_few_rows(parameters, role, rows_read_for, dba):
    ((rows,),) = query(dba, "SELECT COUNT(*) FROM enrollment")

    assert rows_read_for(f"/v1/enrollments?limit=5&{parameters}", role) < rows / 2
