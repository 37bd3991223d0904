"""POST /v1/students/{student_id}/at-data: a student's attempts in a chapter, in an envelope."""

import pytest

from app.resources.attempts import resources
from tests.support.database import query


@pytest.fixture
def attempted(dba):
    """The student and the chapter with the most attempts, and their number."""
    return query(
        dba,
        """
        SELECT enrollment.student_id, assessment.chapter_id, COUNT(*)
        FROM attempt JOIN enrollment USING (enrollment_id) JOIN assessment USING (assessment_id)
        GROUP BY enrollment.student_id, assessment.chapter_id
        ORDER BY COUNT(*) DESC, 1, 2 LIMIT 1
        """,
    )[0]


def test_the_response_has_its_own_envelope(client, as_role, attempted):
    student_id, chapter_id, count = attempted

    response = client.post(
        f"/v1/students/{student_id}/at-data",
        json={"chapterId": chapter_id},
        headers=as_role("admin"),
    )

    assert response.status_code == 200
    assert response.json["resultCode"] == 100
    assert response.json["resultDescription"] == "SUCCESS"
    assert len(response.json["result"]) == count > 0
    first = response.json["result"][0]
    assert set(first) == {"attemptId", "assessmentId", "title", "score", "attemptDate"}
    assert isinstance(first["score"], str)


def test_a_list_that_is_too_long_is_an_error(client, as_role, attempted, monkeypatch):
    student_id, chapter_id, count = attempted

    def list_all(most):
        monkeypatch.setattr(resources, "MAX_AT_DATA", most)
        path, body = f"/v1/students/{student_id}/at-data", {"chapterId": chapter_id}
        return client.post(path, json=body, headers=as_role("admin"))

    assert list_all(count).status_code == 200
    assert list_all(count - 1).status_code == 422
    assert list_all(count - 1).json["type"].endswith(":response-too-long")


def test_a_form_body_is_equivalent_to_json(client, as_role, attempted):
    student_id, chapter_id, _ = attempted
    path = f"/v1/students/{student_id}/at-data"

    as_json = client.post(path, json={"chapterId": chapter_id}, headers=as_role("admin"))
    as_form = client.post(path, data={"chapterId": chapter_id}, headers=as_role("admin"))

    assert as_form.json == as_json.json


def test_attempts_are_sorted_by_date_and_not_by_key(client, as_role, attempted, dba):
    student_id, chapter_id, _ = attempted
    request = {
        "path": f"/v1/students/{student_id}/at-data",
        "json": {"chapterId": chapter_id},
        "headers": as_role("admin"),
    }
    newest = client.post(**request).json["result"][-1]["attemptId"]
    ((date,),) = query(dba, "SELECT attempt_date FROM attempt WHERE attempt_id = %s", (newest,))
    sql = "UPDATE attempt SET attempt_date = %s WHERE attempt_id = %s"
    query(dba, sql, ("2001-01-01", newest))
    try:
        result = client.post(**request).json["result"]
    finally:
        query(dba, sql, (date, newest))

    assert len(result) > 1
    assert result[0]["attemptId"] == newest


def test_a_chapter_without_attempts_returns_an_empty_result(client, as_role, me):
    response = client.post(
        f"/v1/students/{me['student_id']}/at-data",
        json={"chapterId": 4000000000},
        headers=as_role("student"),
    )

    assert (response.status_code, response.json["result"]) == (200, [])


def test_a_student_gets_404_for_the_attempts_of_another_student(client, as_role, me):
    response = client.post(
        f"/v1/students/{me['student_id'] + 1}/at-data",
        json={"chapterId": 1},
        headers=as_role("student"),
    )

    assert response.status_code == 404


@pytest.mark.parametrize("body", [{}, {"chapterId": "x"}, {"chapterId": 0}, {"chapter": 1}])
def test_an_invalid_body_is_rejected(body, client, as_role):
    response = client.post("/v1/students/1/at-data", json=body, headers=as_role("admin"))

    assert response.status_code == 422
    assert response.mimetype == "application/problem+json"
