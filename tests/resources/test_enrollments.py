"""Enrollments: visibility, immutable fields, and the cost of a page."""

import pytest

from tests.support.database import query

STARTED = "2026-01-10T08:00:00Z"
COMPLETED = "2026-03-01T12:30:00Z"


@pytest.fixture
def free(dba):
    """A student and a course without an enrollment; it is deleted after the test."""
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
    """A new enrollment without attempts: its path, representation, and headers to change it."""
    body = {**free, "enrollment_date": STARTED}
    created = client.post("/v1/enrollments", json=body, headers=as_role("admin"))
    assert created.status_code == 201, created.text
    headers = {**as_role("admin"), "If-Match": created.headers["ETag"]}
    return created.headers["Location"], created.json, headers


def test_the_pages_contain_every_enrollment_once_in_order(all_items, dba):
    items = all_items("/v1/enrollments?limit=100", "admin")

    keys = query(dba, "SELECT enrollment_id FROM enrollment ORDER BY enrollment_id")
    assert [item["enrollment_id"] for item in items] == [key for (key,) in keys]


def test_staff_see_enrollments_of_their_campus_and_of_courses_they_teach(all_items, dba):
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


def test_a_student_sees_only_their_own_enrollments(all_items, me):
    items = all_items("/v1/enrollments", "student")

    assert {item["student_id"] for item in items} == {me["student_id"]}


@pytest.mark.parametrize(("completed", "is_set"), [("true", True), ("false", False)])
def test_enrollments_can_be_filtered_by_completion(completed, is_set, all_items):
    items = all_items(f"/v1/enrollments?course_id=7&limit=100&completed={completed}", "admin")

    assert {item["completion_date"] is not None for item in items} == {is_set}


def test_enrollments_can_be_sorted_by_date_descending(all_items):
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


def test_an_enrollment_without_a_date_gets_the_current_time(client, as_role, free, dba):
    created = client.post("/v1/enrollments", json=free, headers=as_role("admin"))

    assert created.status_code == 201
    assert created.json["completion_date"] is None
    date = created.json["enrollment_date"].rstrip("Z").replace("T", " ")
    ((seconds,),) = query(dba, "SELECT TIMESTAMPDIFF(SECOND, %s, UTC_TIMESTAMP())", (date,))
    assert 0 <= seconds < 60


def test_a_second_enrollment_in_the_same_course_is_rejected(client, as_role, enrolled, free):
    again = client.post("/v1/enrollments", json=free, headers=as_role("admin"))

    assert again.status_code == 409
    assert again.json["errors"][0]["pointer"] == "/course_id"


@pytest.mark.parametrize("field", ["student_id", "course_id"])
def test_a_missing_student_or_course_is_rejected_with_a_pointer(field, client, as_role, free):
    body = {**free, field: 65_000}

    response = client.post("/v1/enrollments", json=body, headers=as_role("admin"))

    assert response.status_code == 409
    assert response.json["errors"][0]["pointer"] == f"/{field}"


def test_staff_may_not_enroll_other_students_in_other_courses(client, as_role, dba, me):
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

    response = client.post("/v1/enrollments", json=body, headers=as_role("staff"))

    assert response.status_code == 409
    stored = "SELECT 1 FROM enrollment WHERE student_id = %s AND course_id = %s"
    assert query(dba, stored, pair) == ()


def test_a_completion_date_can_be_set_and_reset_to_null(client, enrolled):
    path, _, headers = enrolled
    headers["Content-Type"] = "application/merge-patch+json"

    completed = client.patch(path, data=f'{{"completion_date": "{COMPLETED}"}}', headers=headers)
    headers["If-Match"] = completed.headers["ETag"]
    reset = client.patch(path, data='{"completion_date": null}', headers=headers)

    assert (completed.json["completion_date"], completed.json["enrollment_date"]) == (
        COMPLETED,
        STARTED,
    )
    assert reset.json["completion_date"] is None


def test_a_completion_date_before_the_enrollment_date_is_rejected(client, enrolled):
    path, _, headers = enrolled
    body = {"enrollment_date": COMPLETED, "completion_date": STARTED}

    assert client.put(path, json=body, headers=headers).status_code == 409


@pytest.mark.parametrize("field", ["student_id", "course_id"])
def test_student_and_course_cannot_be_changed(field, client, enrolled):
    path, _, headers = enrolled
    body = {"enrollment_date": STARTED, field: 1}

    response = client.put(path, json=body, headers=headers)

    assert response.status_code == 422
    assert response.json["errors"][0]["pointer"] == f"/{field}"


def test_an_enrollment_without_attempts_can_be_deleted(client, enrolled):
    path, _, headers = enrolled

    assert client.delete(path, headers=headers).status_code == 204
    assert client.get(path, headers=headers).status_code == 404


def test_an_enrollment_with_attempts_cannot_be_deleted(client, as_role):
    shown = client.get("/v1/enrollments/1", headers=as_role("admin"))
    headers = {**as_role("admin"), "If-Match": shown.headers["ETag"]}

    response = client.delete("/v1/enrollments/1", headers=headers)

    assert response.status_code == 409
    assert response.json["type"].endswith("still-referenced")


@pytest.mark.parametrize("role", ["admin", "staff"])
@pytest.mark.parametrize("parameters", ["", "embed=student,course,attempts"])
def test_a_page_takes_few_statements_that_read_few_rows(parameters, role, rows_read_for, dba):
    ((rows,),) = query(dba, "SELECT COUNT(*) FROM enrollment")
    most_statements = 2 if role == "staff" else 1  # more rows are checked until the page is full

    path = f"/v1/enrollments?limit=5&{parameters}"
    assert rows_read_for(path, role, most_statements) < rows / 2


def test_an_enrollment_with_very_many_attempts_embeds_the_first_100(
    client, as_role, all_items, enrolled, dba
):
    path, enrollment, _ = enrolled
    key = enrollment["enrollment_id"]
    query(
        dba,
        """
        INSERT INTO attempt (enrollment_id, assessment_id, score, attempt_date)
        SELECT %s, (SELECT MIN(assessment_id) FROM assessment), 50, NOW()
        FROM student CROSS JOIN student AS other LIMIT 3000
        """,
        (key,),
    )
    try:
        shown = client.get(f"{path}?embed=attempts", headers=as_role("admin")).json
        keys = query(
            dba,
            "SELECT attempt_id FROM attempt WHERE enrollment_id = %s ORDER BY attempt_id",
            (key,),
        )
        linked = all_items(f"{shown['all_attempts']}&limit=100", "admin")
    finally:
        query(dba, "DELETE FROM attempt WHERE enrollment_id = %s", (key,))

    assert len(keys) > 100
    assert [attempt["attempt_id"] for attempt in shown["attempts"]] == [it for (it,) in keys[:100]]
    assert [attempt["attempt_id"] for attempt in linked] == [it for (it,) in keys]
