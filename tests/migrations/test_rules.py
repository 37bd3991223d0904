"""Triggers and constraints of the schema."""

import pymysql
import pytest


@pytest.fixture
def course(database):
    database.execute(
        "INSERT INTO course (course_id, title, description) VALUES (7, 'Café Culture', 'On coffee')"
    )
    return 7


@pytest.fixture
def enrollment(database, course):
    for statement in (
        "INSERT INTO country (country_id, country) VALUES (1, 'Brazil')",
        "INSERT INTO city (city_id, city, country_id) VALUES (1, 'São Paulo', 1)",
        "INSERT INTO address (address_id, address, district, city_id, phone)"
        " VALUES (1, 'Rua Augusta 1', 'Centre', 1, '+55')",
        "INSERT INTO campus (campus_id, name, address_id) VALUES (1, 'Augusta', 1)",
        "INSERT INTO student (student_id, campus_id, first_name, last_name, email, address_id)"
        " VALUES (1, 1, 'João', 'Conceição', 'joao@example.edu', 1)",
        "INSERT INTO chapter (chapter_id, course_id, chapter_number, title)"
        " VALUES (1, 7, 1, 'Beans')",
        "INSERT INTO assessment (assessment_id, chapter_id, title, kind)"
        " VALUES (1, 1, 'Quiz: Beans', 'quiz')",
        "INSERT INTO enrollment (enrollment_id, student_id, course_id) VALUES (1, 1, 7)",
    ):
        database.execute(statement)
    return 1


def texts(database):
    database.execute("SELECT course_id, title, description FROM course_text")
    return database.fetchall()


def test_a_new_course_is_added_to_the_full_text_index(database, course):
    assert texts(database) == ((course, "Café Culture", "On coffee"),)


def test_a_changed_course_is_updated_in_the_full_text_index(database, course):
    database.execute("UPDATE course SET title = 'Tea', course_id = 8 WHERE course_id = 7")

    assert texts(database) == ((8, "Tea", "On coffee"),)


def test_a_deleted_course_is_removed_from_the_full_text_index(database, course):
    database.execute("DELETE FROM course WHERE course_id = %s", (course,))

    assert texts(database) == ()


@pytest.mark.parametrize("score", [-0.01, 100.01])
def test_a_score_must_be_from_0_to_100(database, enrollment, score):
    with pytest.raises(pymysql.MySQLError, match="chk_attempt_score"):
        database.execute(
            "INSERT INTO attempt (enrollment_id, assessment_id, score) VALUES (1, 1, %s)", (score,)
        )


def test_a_student_can_enroll_in_a_course_only_once(database, enrollment):
    with pytest.raises(pymysql.err.IntegrityError, match="idx_unique_student_id_course_id"):
        database.execute("INSERT INTO enrollment (student_id, course_id) VALUES (1, 7)")


def test_an_enrollment_cannot_be_completed_before_it_began(database, enrollment):
    with pytest.raises(pymysql.MySQLError, match="chk_enrollment_completion_date"):
        database.execute("UPDATE enrollment SET completion_date = '2001-01-01'")


def test_two_students_cannot_have_the_same_email(database, enrollment):
    with pytest.raises(pymysql.err.IntegrityError, match="idx_unique_email"):
        database.execute(
            "INSERT INTO student (campus_id, first_name, last_name, email, address_id)"
            " VALUES (1, 'J', 'C', 'JOAO@example.edu', 1)"
        )


@pytest.mark.parametrize(
    ("table", "constraint"),
    [("city", "fk_address_city"), ("student", "fk_enrollment_student"), ("course", "fk_chapter_")],
)
def test_a_referenced_row_cannot_be_deleted(database, enrollment, table, constraint):
    with pytest.raises(pymysql.err.IntegrityError, match=constraint):
        database.execute(f"DELETE FROM {table}")


@pytest.mark.parametrize(
    ("role", "student_id"), [("admin", 1), ("staff", None), ("staff", 1), ("student", None)]
)
def test_a_user_references_the_person_that_the_role_requires(
    database, enrollment, role, student_id
):
    with pytest.raises(pymysql.MySQLError, match="chk_api_user_"):
        database.execute(
            "INSERT INTO api_user (user_name, password_hash, role, student_id)"
            " VALUES ('anna', 'x', %s, %s)",
            (role, student_id),
        )


def test_idempotency_keys_are_case_sensitive(database, enrollment):
    database.execute(
        "INSERT INTO api_user (api_user_id, user_name, password_hash, role)"
        " VALUES (1, 'anna', 'x', 'admin')"
    )

    stored = database.executemany(
        "INSERT INTO idempotency_key (api_user_id, idempotency_key, method, path,"
        " request_fingerprint) VALUES (1, %s, 'POST', '/v1/attempts', %s)",
        [("Abc", bytes(32)), ("abc", bytes(range(224, 256)))],
    )

    assert stored == 2
