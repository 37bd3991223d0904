"""Attempts: visibility, filters, validation, and the cost of a page."""

from decimal import Decimal

import pytest

from app.sql.lists import MAX_EXAMINED
from tests.support.database import query

MORNING = "2026-01-10T08:00:00Z"


@pytest.fixture
def pair(dba):
    """An enrollment and an assessment of its course; new attempts are deleted after the test."""
    ((last,),) = query(dba, "SELECT MAX(attempt_id) FROM attempt")
    row = query(
        dba,
        """
        SELECT enrollment_id, assessment_id FROM enrollment JOIN chapter USING (course_id)
        JOIN assessment USING (chapter_id) ORDER BY 1 DESC, 2 DESC LIMIT 1
        """,
    )[0]
    yield dict(zip(("enrollment_id", "assessment_id"), row, strict=True))
    query(dba, "DELETE FROM attempt WHERE attempt_id > %s", (last,))


@pytest.fixture
def attempted(client, as_role, pair):
    """A new attempt: its path, its representation, and the headers to change it."""
    body = {**pair, "score": "61.50", "attempt_date": MORNING}
    created = client.post("/v1/attempts", json=body, headers=as_role("admin"))
    assert created.status_code == 201, created.text
    headers = {**as_role("admin"), "If-Match": created.headers["ETag"]}
    return created.headers["Location"], created.json, headers


def keys(dba, where):
    sql = f"""
        SELECT attempt_id FROM attempt JOIN enrollment USING (enrollment_id)
        JOIN student USING (student_id) WHERE {where} ORDER BY attempt_id
    """
    return [key for (key,) in query(dba, sql)]


def test_staff_see_the_attempts_of_enrollments_they_may_see(all_items, dba, me):
    visible = {it["enrollment_id"] for it in all_items("/v1/enrollments?limit=100", "staff")}

    items = all_items("/v1/attempts?limit=100", "staff")

    assert [item["attempt_id"] for item in items] == keys(
        dba, f"enrollment_id IN ({','.join(map(str, visible))})"
    )
    assert len(items) > 100


def test_a_student_sees_only_their_own_attempts(all_items, dba, me):
    items = all_items("/v1/attempts?limit=7", "student")

    own = keys(dba, f"student_id = {me['student_id']}")
    assert [item["attempt_id"] for item in items] == own != []


def test_a_student_gets_404_for_the_attempt_of_another_student(client, as_role, dba, me):
    other = keys(dba, f"student_id <> {me['student_id']}")[0]

    response = client.get(f"/v1/attempts/{other}", headers=as_role("student"))

    assert response.status_code == 404


@pytest.mark.parametrize(
    ("parameters", "where"),
    [
        ("student_id=1", "student_id = 1"),
        ("enrollment_id=1", "enrollment_id = 1"),
        ("assessment_id=40", "assessment_id = 40"),
        (
            "assessment_id=40&min_score=70.5&max_score=90",
            "assessment_id = 40 AND score BETWEEN 70.5 AND 90",
        ),
        (
            "attempted_since=2025-03-01T01:00:00%2B01:00&attempted_before=2025-03-03T00:00:00Z",
            "attempt_date >= '2025-03-01' AND attempt_date < '2025-03-03'",
        ),
    ],
)
def test_a_filter_returns_exactly_the_matching_rows(parameters, where, all_items, dba):
    items = all_items(f"/v1/attempts?limit=100&{parameters}", "admin")

    assert [item["attempt_id"] for item in items] == keys(dba, where) != []


def test_attempts_can_be_sorted_by_date_descending(client, as_role, dba):
    page = client.get("/v1/attempts?sort=-attempt_date&limit=3", headers=as_role("admin")).json
    page = client.get(page["next"], headers=as_role("admin")).json

    newest = query(
        dba,
        "SELECT attempt_id FROM attempt ORDER BY attempt_date DESC, attempt_id DESC LIMIT 3, 3",
    )
    assert [item["attempt_id"] for item in page["items"]] == [key for (key,) in newest]


def test_assessment_and_enrollment_with_its_student_can_be_embedded(client, as_role, dba):
    path = "/v1/attempts/1?embed=assessment,enrollment"

    shown = client.get(path, headers=as_role("admin")).json

    assert shown["assessment"]["assessment_id"] == shown["assessment_id"]
    assert Decimal(shown["assessment"]["pass_score"]) <= 100
    assert shown["enrollment"]["enrollment_id"] == shown["enrollment_id"]
    assert keys(dba, f"student_id = {shown['enrollment']['student']['student_id']}")[0] == 1


def test_a_new_attempt_has_the_score_and_date_that_were_sent(attempted):
    _, created, _ = attempted

    assert (created["score"], created["attempt_date"]) == ("61.50", MORNING)


def test_an_attempt_without_a_date_gets_the_current_time(client, as_role, pair, dba):
    body = {**pair, "score": "70"}

    created = client.post("/v1/attempts", json=body, headers=as_role("admin"))

    assert created.status_code == 201
    date = created.json["attempt_date"].rstrip("Z").replace("T", " ")
    ((seconds,),) = query(dba, "SELECT TIMESTAMPDIFF(SECOND, %s, UTC_TIMESTAMP())", (date,))
    assert 0 <= seconds < 60


def test_an_assessment_of_another_course_is_rejected_with_a_pointer(client, as_role, pair, dba):
    ((other,),) = query(
        dba,
        """
        SELECT MIN(assessment_id) FROM assessment JOIN chapter USING (chapter_id)
        WHERE course_id <> (SELECT course_id FROM enrollment WHERE enrollment_id = %s)
        """,
        (pair["enrollment_id"],),
    )
    body = {**pair, "assessment_id": other, "score": "70"}
    before = query(dba, "SELECT COUNT(*) FROM attempt")

    response = client.post("/v1/attempts", json=body, headers=as_role("admin"))

    assert response.status_code == 409
    assert response.json["errors"][0]["pointer"] == "/assessment_id"
    assert query(dba, "SELECT COUNT(*) FROM attempt") == before


def test_a_missing_enrollment_is_rejected_with_a_pointer(client, as_role, pair):
    body = {**pair, "enrollment_id": 4_000_000_000, "score": "70"}

    response = client.post("/v1/attempts", json=body, headers=as_role("admin"))

    assert response.status_code == 409
    assert response.json["errors"][0]["pointer"] == "/enrollment_id"


@pytest.mark.parametrize("score", [70, 70.5, "100.01", "-1", "70.555", "", "7e1"])
def test_an_invalid_score_is_rejected(score, client, as_role, pair):
    body = {**pair, "score": score}

    response = client.post("/v1/attempts", json=body, headers=as_role("admin"))

    assert response.status_code == 422
    assert response.json["errors"][0]["pointer"] == "/score"


def test_a_score_can_be_corrected(client, attempted):
    path, created, headers = attempted
    headers["Content-Type"] = "application/merge-patch+json"

    response = client.patch(path, data='{"score": "99.99"}', headers=headers)

    shown = {**response.json, "last_update": created["last_update"]}
    assert shown == {**created, "score": "99.99"}


def test_an_attempt_can_be_deleted(client, attempted):
    path, _, headers = attempted

    assert client.delete(path, headers=headers).status_code == 204
    assert client.get(path, headers=headers).status_code == 404


def test_a_student_may_not_create_attempts(client, as_role, pair):
    body = {**pair, "score": "100"}

    assert client.post("/v1/attempts", json=body, headers=as_role("student")).status_code == 403


@pytest.mark.parametrize("role", ["admin", "staff", "student"])
@pytest.mark.parametrize("parameters", ["", "embed=assessment,enrollment", "student_id=2"])
def test_a_page_takes_few_statements_that_read_few_rows(parameters, role, rows_read_for, dba):
    ((rows,),) = query(dba, "SELECT COUNT(*) FROM attempt")
    # For staff, more and more attempts are checked until the page is full, each by its enrollment,
    # course and teachers.
    most_statements, most_rows = (3, 5 * MAX_EXAMINED) if role == "staff" else (1, rows / 10)

    path = f"/v1/attempts?limit=5&{parameters}"
    assert rows_read_for(path, role, most_statements) < most_rows < rows
