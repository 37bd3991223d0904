"""Assessments: their chapter, exact scores, and who may write them."""

import pytest

from tests.support.api import all_pages, delete, merge_patch
from tests.support.counting import statements
from tests.support.database import query

QUIZ = {"title": "Quiz: Limpets", "kind": "quiz", "pass_score": "62.50"}
NO_CHAPTER = ["/v1/chapters/16000000/assessments", "/v1/chapters/4000000000/assessments"]


@pytest.fixture
def chapter(client, as_role, course):
    """The path of a new chapter in the course."""
    created = client.post(
        f"/v1/courses/{course}/chapters",
        json={"chapter_number": 1, "title": "Limpets"},
        headers=as_role("admin"),
    )
    return created.headers["Location"]


@pytest.fixture
def quiz(client, as_role, chapter):
    """The path of a new quiz in the chapter."""
    created = client.post(f"{chapter}/assessments", json=QUIZ, headers=as_role("admin"))
    return created.headers["Location"]


def test_a_new_assessment_is_listed_in_its_chapter(client, as_role, chapter, quiz):
    shown = client.get(quiz, headers=as_role("student")).json

    listed = client.get(f"{chapter}/assessments", headers=as_role("student")).json["items"]
    assert shown.items() >= QUIZ.items()
    assert listed == [shown]


def test_the_default_pass_score_is_50(client, as_role, chapter):
    exam = {"title": "Exam", "kind": "exam"}

    created = client.post(f"{chapter}/assessments", json=exam, headers=as_role("admin"))

    assert created.json["pass_score"] == "50.00"


@pytest.mark.parametrize(("given", "stored"), [("0", "0.00"), ("7.5", "7.50"), ("100", "100.00")])
def test_a_score_is_stored_exactly(given, stored, client, as_role, quiz):
    changed = merge_patch(client, quiz, {"pass_score": given}, as_role("admin"))

    assert changed.json["pass_score"] == stored
    assert client.get(quiz, headers=as_role("admin")).json == changed.json


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pass_score", "100.01"),
        ("pass_score", "-1"),
        ("pass_score", "62.505"),
        ("pass_score", 62.5),
        ("kind", "oral"),
        ("kind", None),
        ("chapter_id", 1),
    ],
)
def test_an_invalid_field_is_rejected_by_name(field, value, client, as_role, quiz):
    response = merge_patch(client, quiz, {field: value}, as_role("admin"))

    assert response.status_code == 422
    assert [error["pointer"] for error in response.json["errors"]] == [f"/{field}"]


@pytest.mark.parametrize("path", NO_CHAPTER)
def test_listing_the_assessments_of_a_missing_chapter_is_404(path, client, as_role):
    response = client.get(path, headers=as_role("student"))

    assert response.status_code == 404
    assert response.json["detail"] == "No such chapter."


@pytest.mark.parametrize("path", NO_CHAPTER)
def test_adding_an_assessment_to_a_missing_chapter_is_404(path, client, as_role):
    response = client.post(path, json=QUIZ, headers=as_role("admin"))

    assert response.status_code == 404
    assert response.json["detail"] == "No such chapter."


def test_the_chapter_and_its_course_are_embedded_in_the_same_statement(
    client, as_role, server, course, quiz
):
    headers, path = as_role("student"), f"{quiz}?embed=chapter"
    shown = client.get(path, headers=headers).json  # opens the connection

    assert shown["chapter"]["title"] == "Limpets"
    assert shown["chapter"]["course"] == {"course_id": course, "title": "Tidepools"}
    assert statements(server, lambda: client.get(path, headers=headers)) == 1


def test_the_assessments_of_a_kind_in_a_course_can_be_listed(client, as_role, dba):
    items = all_pages(client, "/v1/assessments?course_id=1&kind=exam&limit=1", as_role("student"))

    rows = query(
        dba,
        "SELECT assessment_id FROM assessment JOIN chapter USING (chapter_id)"
        " WHERE course_id = 1 AND kind = 'exam' ORDER BY assessment_id",
    )
    assert [item["assessment_id"] for item in items] == [key for (key,) in rows]


def test_the_assessments_of_a_chapter_can_be_sorted_and_searched(client, as_role, chapter, quiz):
    exam = {"title": "Exam: Limpets", "kind": "exam"}
    client.post(f"{chapter}/assessments", json=exam, headers=as_role("admin"))

    def titles(parameters):
        items = all_pages(client, f"{chapter}/assessments?{parameters}", as_role("student"))
        return [item["title"] for item in items]

    assert titles("sort=title&limit=1") == ["Exam: Limpets", "Quiz: Limpets"]
    assert titles("q=exam") == ["Exam: Limpets"]


def test_staff_may_write_assessments_of_courses_they_teach(client, as_role, taught, chapter):
    headers = as_role("staff")

    created = client.post(f"{chapter}/assessments", json=QUIZ, headers=headers)
    path = created.headers["Location"]
    changed = merge_patch(client, path, {"kind": "exam"}, headers)

    assert (created.status_code, changed.status_code) == (201, 200)
    assert changed.json.items() >= {**QUIZ, "kind": "exam"}.items()
    assert delete(client, path, headers).status_code == 204


def test_staff_may_not_write_assessments_of_other_courses(client, as_role, chapter, quiz):
    headers = as_role("staff")

    created = client.post(f"{chapter}/assessments", json=QUIZ, headers=headers)

    assert created.status_code == 403
    assert merge_patch(client, quiz, {"kind": "exam"}, headers).status_code == 403
    assert delete(client, quiz, headers).status_code == 403
    assert len(client.get(f"{chapter}/assessments", headers=headers).json["items"]) == 1


def test_an_assessment_with_attempts_cannot_be_deleted(client, as_role, dba):
    ((key,),) = query(dba, "SELECT MIN(assessment_id) FROM attempt")

    response = delete(client, f"/v1/assessments/{key}", as_role("admin"))

    assert response.status_code == 409
    assert response.json["type"].endswith(":still-referenced")
