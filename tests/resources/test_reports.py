"""Reports: their figures, visibility, and cost."""

import json

import pytest

from app.resources.reports import resources
from tests.support.database import query


def as_text(value):
    return None if value is None else str(value)


def test_progress_equals_the_view_sorted_by_course_and_chapter(client, as_role, dba, me):
    path = f"/v1/students/{me['student_id']}/progress"

    items = client.get(path, headers=as_role("student")).json["items"]

    expected = query(
        dba,
        """
        SELECT course_id, chapter_number, attempts, passed, average_score FROM chapter_progress
        WHERE student_id = %s ORDER BY 1, 2
        """,
        (me["student_id"],),
    )
    names = ("course_id", "chapter_number", "attempts", "passed", "average_score")
    assert [tuple(item[name] for name in names) for item in items] == [
        (*row[:4], as_text(row[4])) for row in expected
    ]
    assert len(items) > 5


def test_progress_can_be_filtered_by_course(client, as_role, dba):
    ((course_id,),) = query(dba, "SELECT MAX(course_id) FROM enrollment WHERE student_id = 1")
    path = f"/v1/students/1/progress?course_id={course_id}"

    items = client.get(path, headers=as_role("admin")).json["items"]

    assert {item["course_id"] for item in items} == {course_id}


def test_progress_in_too_many_chapters_is_an_error(client, as_role, me, monkeypatch):
    def progress(most):
        monkeypatch.setattr(resources, "MAX_CHAPTERS", most)
        return client.get(f"/v1/students/{me['student_id']}/progress", headers=as_role("student"))

    count = len(progress(1000).json["items"])

    assert len(progress(count).json["items"]) == count
    assert progress(count - 1).status_code == 422
    assert progress(count - 1).json["type"].endswith(":response-too-long")


def test_progress_reads_the_rows_of_one_student_only(rows_read_for, me):
    assert rows_read_for(f"/v1/students/{me['student_id']}/progress", "student") < 1500


@pytest.mark.parametrize("report", ["progress", "average"])
def test_a_student_gets_404_for_reports_on_another_student(report, client, as_role, me):
    path = f"/v1/students/{me['student_id'] + 1}/{report}"

    assert client.get(path, headers=as_role("student")).status_code == 404


def test_an_average_is_the_mean_of_the_best_scores(client, as_role, dba, me):
    key = me["student_id"]

    shown = client.get(f"/v1/students/{key}/average", headers=as_role("student")).json

    ((average,),) = query(
        dba,
        """
        SELECT CAST(AVG(best) AS DECIMAL(5,2)) FROM (
            SELECT MAX(score) AS best FROM attempt JOIN enrollment USING (enrollment_id)
            WHERE student_id = %s GROUP BY assessment_id
        ) AS best_scores
        """,
        (key,),
    )
    assert shown == {"student_id": key, "average_score": str(average)}


def test_the_average_of_a_student_without_attempts_is_null(client, as_role, dba):
    ((key,),) = query(
        dba,
        "SELECT MIN(student_id) FROM student WHERE student_id NOT IN"
        " (SELECT student_id FROM enrollment JOIN attempt USING (enrollment_id))",
    )

    shown = client.get(f"/v1/students/{key}/average", headers=as_role("admin")).json

    assert shown == {"student_id": key, "average_score": None}


def test_a_course_without_attempts_has_no_average_and_no_percentage(client, as_role, course):
    shown = client.get(f"/v1/courses/{course}/results", headers=as_role("admin")).json

    assert shown == {
        "course_id": course,
        "title": "Tidepools",
        "enrollments": 0,
        "completions": 0,
        "attempts": 0,
        "average_score": None,
        "pass_percentage": None,
    }


def test_course_results_equal_the_view(all_items, dba):
    items = all_items("/v1/reports/course-results?limit=10", "admin")

    rows = query(dba, "SELECT * FROM results_by_course ORDER BY course_id")
    names = ("course_id", "title", "enrollments", "completions", "attempts")
    names += ("average_score", "pass_percentage")
    assert [tuple(item[name] for name in names) for item in items] == [
        (*row[:5], as_text(row[5]), as_text(row[6])) for row in rows
    ]


def test_staff_see_only_the_results_of_courses_they_teach(all_items, client, as_role, dba):
    items = all_items("/v1/reports/course-results", "staff")

    taught = "SELECT course_id FROM course_staff JOIN api_user USING (staff_id) ORDER BY 1"
    keys = [key for (key,) in query(dba, taught)]
    other = next(key for key in range(1, 61) if key not in keys)
    response = client.get(f"/v1/courses/{other}/results", headers=as_role("staff"))
    assert [item["course_id"] for item in items] == keys != []
    assert response.status_code == 404


def test_the_pages_of_the_honors_report_equal_the_procedure(all_items, dba):
    path = "/v1/reports/honors?min_average=80&min_attempts=20"

    items = all_items(path, "admin")

    rows = query(dba, "CALL honors_report(80, 20)")
    found = {(it["student_id"], it["average_score"], it["attempts"]) for it in items}
    assert found == {(row[0], str(row[4]), int(row[5])) for row in rows}
    assert len(items) == len(rows) > 20


def test_pages_without_honors_are_empty_and_have_a_next_link(client, as_role, all_items):
    path = "/v1/reports/honors?min_average=100&limit=100"

    first = client.get(path, headers=as_role("admin")).json

    assert first["items"] == []
    assert "next" in first
    assert all_items(path, "admin") == []


def test_staff_see_honors_of_their_own_campus_only(all_items, me):
    items = all_items("/v1/reports/honors?min_average=75", "staff")

    assert {item["campus_id"] for item in items} == {me["campus_id"]}


@pytest.mark.parametrize(
    "path", ["/v1/reports/honors?min_average=75", "/v1/reports/course-results"]
)
def test_students_may_not_read_reports_on_others(path, client, as_role):
    assert client.get(path, headers=as_role("student")).status_code == 403


@pytest.mark.parametrize(
    "path",
    ["/v1/students/1/progress", "/v1/courses/7/results", "/v1/reports/honors?min_average=75"],
)
def test_a_report_is_json_and_supports_if_none_match(path, client, as_role):
    first = client.get(path, headers=as_role("admin"))
    headers = {**as_role("admin"), "If-None-Match": first.headers["ETag"]}

    assert json.loads(first.text)
    assert client.get(path, headers=headers).status_code == 304
