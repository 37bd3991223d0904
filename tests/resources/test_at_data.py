"""The call from which this project started."""

import pytest

from tests.support.database import query


@pytest.fixture
def attempted(dba):
    """A student, a chapter they attempted, and how often."""
    return query(
        dba,
        """
        SELECT enrollment.student_id, assessment.chapter_id, COUNT(*)
        FROM attempt JOIN enrollment USING (enrollment_id) JOIN assessment USING (assessment_id)
        GROUP BY enrollment.student_id, assessment.chapter_id
        ORDER BY COUNT(*) DESC, 1, 2 LIMIT 1
        """,
    )[0]


def test_it_answers_in_its_own_envelope(client, as_role, attempted):
    student_id, chapter_id, count = attempted

    answer = client.post(
        f"/v1/students/{student_id}/at-data",
        json={"chapterId": chapter_id},
        headers=as_role("admin"),
    )

    assert answer.status_code == 200
    assert answer.json["resultCode"] == 100
    assert answer.json["resultDescription"] == "SUCCESS"
    assert len(answer.json["result"]) == count > 0
    first = answer.json["result"][0]
    assert set(first) == {"attemptId", "assessmentId", "title", "score", "attemptDate"}
    assert isinstance(first["score"], str)


def test_a_form_is_as_good_as_json(client, as_role, attempted):
    student_id, chapter_id, _ = attempted
    path = f"/v1/students/{student_id}/at-data"

    as_json = client.post(path, json={"chapterId": chapter_id}, headers=as_role("admin"))
    as_form = client.post(path, data={"chapterId": chapter_id}, headers=as_role("admin"))

    assert as_form.json == as_json.json


def test_a_chapter_without_attempts_is_an_empty_result(client, as_role, me):
    answer = client.post(
        f"/v1/students/{me['student_id']}/at-data",
        json={"chapterId": 4000000000},
        headers=as_role("student"),
    )

    assert (answer.status_code, answer.json["result"]) == (200, [])


def test_somebody_else_s_attempts_are_not_there_for_a_student(client, as_role, me):
    answer = client.post(
        f"/v1/students/{me['student_id'] + 1}/at-data",
        json={"chapterId": 1},
        headers=as_role("student"),
    )

    assert answer.status_code == 404


@pytest.mark.parametrize("body", [{}, {"chapterId": "x"}, {"chapterId": 0}, {"chapter": 1}])
def test_a_body_that_cannot_be_used_is_refused(body, client, as_role):
    answer = client.post("/v1/students/1/at-data", json=body, headers=as_role("admin"))

    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
