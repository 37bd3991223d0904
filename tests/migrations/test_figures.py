"""Views and routines return the same figures as a calculation in Python from the tables."""

from decimal import ROUND_HALF_UP, Decimal

import pytest

RESULTS = """
    SELECT enrollment.student_id, enrollment.course_id, attempt.assessment_id, attempt.score,
           attempt.score >= assessment.pass_score
    FROM attempt JOIN enrollment USING (enrollment_id) JOIN assessment USING (assessment_id)
"""


@pytest.fixture
def fetch(sample):
    def rows(sql, params=None):
        sample.execute(sql, params)
        return sample.fetchall()

    return rows


@pytest.fixture
def averages(fetch):
    """{student: (mean of the best scores, attempts)}, calculated in Python."""
    best, attempts = {}, {}
    for student, _, assessment, score, _ in fetch(RESULTS):
        scores = best.setdefault(student, {})
        scores[assessment] = max(score, scores.get(assessment, score))
        attempts[student] = attempts.get(student, 0) + 1
    return {
        student: (rounded(sum(scores.values()) / len(scores)), attempts[student])
        for student, scores in best.items()
    }


def rounded(number):
    return Decimal(number).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_student_average_is_the_mean_of_the_best_scores(fetch, averages):
    rows = fetch("SELECT student_id, student_average(student_id) FROM student")

    assert len(averages) > 500
    assert dict(rows) == {student: averages.get(student, (None, 0))[0] for student, _ in rows}


def test_honors_report_lists_students_above_the_average_with_enough_attempts(fetch, averages):
    rows = fetch("CALL honors_report(80, 20)")

    expected = {student: figures for student, figures in averages.items() if figures >= (80, 0)}
    assert {row[0]: row[4:] for row in rows} == {
        student: figures for student, figures in expected.items() if figures[1] >= 20
    }
    assert rows == tuple(sorted(rows, key=lambda row: (-row[4], row[0])))
    assert len(rows) > 20


def test_results_by_course_counts_each_attempt_once(fetch):
    expected = {}
    for _, course, _, score, passed in fetch(RESULTS):
        of_course = expected.setdefault(course, [0, 0, 0])
        for position, value in enumerate((1, score, passed)):
            of_course[position] += value

    rows = fetch("""
        SELECT course_id, attempts, average_score, pass_percentage FROM results_by_course
    """)

    assert {row[0]: row[1:] for row in rows} == {
        course: (count, rounded(score / count), rounded(Decimal(100 * passed) / count))
        for course, (count, score, passed) in expected.items()
    }


def test_results_by_course_counts_each_enrollment_once(fetch):
    by_course = fetch("SELECT course_id, enrollments, completions FROM results_by_course")

    assert {row[0]: row[1:] for row in by_course} == {
        row[0]: row[1:]
        for row in fetch("""
            SELECT course_id, COUNT(*), COUNT(completion_date) FROM enrollment GROUP BY course_id
        """)
    }


def test_chapter_progress_adds_up_to_the_attempts_of_the_student(fetch):
    rows = fetch("""
        SELECT assessments, attempted, passed, attempts, average_score, best_score
        FROM chapter_progress WHERE student_id = 1
    """)

    assert sum(row[3] for row in rows) == sum(row[0] == 1 for row in fetch(RESULTS))
    for assessments, attempted, passed, attempts, average, best in rows:
        assert passed <= attempted <= min(assessments, attempts)
        assert (average is None) == (attempts == 0)
        assert average is None or average <= best


@pytest.mark.parametrize("person", ["student", "staff"])
def test_a_list_view_contains_every_person_once_with_campus_city_and_country(fetch, person):
    rows = fetch(f"SELECT {person}_id, campus, city, country FROM {person}_list")

    assert sorted(row[0] for row in rows) == [
        key
        for (key,) in fetch(f"""
        SELECT {person}_id FROM {person} ORDER BY {person}_id
    """)
    ]
    assert all(all(row) for row in rows)
    assert {"São Paulo Campus", "Zürich Campus"} <= {row[1] for row in rows}


def test_course_list_shows_subjects_staff_and_the_number_of_chapters(fetch):
    rows = fetch("SELECT title, subjects, staff, chapters FROM course_list")

    by_title = {row[0]: row[1:] for row in rows}
    assert by_title["Databases"][0] == "Computer Science"
    assert by_title["Mathematical Logic"][0] == "Mathematics, Philosophy"
    assert by_title["Databases"][2] == 11
    assert len(rows) == 60
    assert all(row[2] for row in rows)


def test_full_text_search_ignores_accents(fetch):
    find = """
        SELECT course.title FROM course_text JOIN course USING (course_id)
        WHERE MATCH (course_text.title, course_text.description) AGAINST (%s)
    """

    assert (
        fetch(find, ("Schrödinger",)) == fetch(find, ("schrodinger",)) == (("Quantum Mechanics",),)
    )
