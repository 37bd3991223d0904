"""Thousands of rows in each table, so that reading all rows of one is evident."""

from contextlib import closing

from tests.support.database import query

ROWS = 4000
# New rows of each table, by the number `i` from 1 to ROWS; `number` holds these numbers. The first
# rows of several tables get all of the rows that refer to them: filters by these select many rows.
STATEMENTS = (
    "INSERT INTO country (country) SELECT CONCAT('Country ', i) FROM number",
    "INSERT INTO city (city, country_id) SELECT CONCAT('City ', i), 1 FROM number",
    "INSERT INTO campus (name, address_id) SELECT CONCAT('Campus ', i), 1 FROM number",
    "INSERT INTO subject (name) SELECT CONCAT('Subject ', i) FROM number",
    "INSERT INTO student (campus_id, first_name, last_name, email, address_id, create_date)"
    " SELECT 1 + i % 2, 'Many', 'Common', CONCAT('many.', i, '@example.edu'), 1, '2020-01-01'"
    " FROM number",
    "INSERT INTO staff (campus_id, first_name, last_name, email, address_id, create_date)"
    " SELECT 1 + i % 2, 'Many', 'Common', CONCAT('many.', i, '@example.edu'), 1, '2020-01-01'"
    " FROM number",
    "INSERT INTO course (title, description) SELECT 'Many courses', 'Common' FROM number",
    "INSERT INTO course_subject (course_id, subject_id)"
    " SELECT course_id, 1 FROM course WHERE title = 'Many courses'",
    "INSERT INTO course_subject (course_id, subject_id)"
    " SELECT 1, subject_id FROM subject WHERE name LIKE 'Subject %'",
    "INSERT INTO course_staff (course_id, staff_id)"
    " SELECT course_id, 2 FROM course WHERE title = 'Many courses'",
    "INSERT INTO course_staff (course_id, staff_id)"
    " SELECT 2, staff_id FROM staff WHERE last_name = 'Common'",
    "INSERT INTO chapter (course_id, chapter_number, title)"
    " SELECT course_id, 1, 'Many chapters' FROM course WHERE title = 'Many courses'",
    "INSERT INTO assessment (chapter_id, title, kind) SELECT 300, 'Many', 'quiz' FROM number",
    "INSERT INTO enrollment (student_id, course_id, enrollment_date)"
    " SELECT student_id, 3, '2020-01-01' FROM student WHERE last_name = 'Common'",
    "INSERT INTO attempt (enrollment_id, assessment_id, score, attempt_date)"
    " SELECT 2000, 1, 50, '2020-01-01' FROM number",
)
TABLES = (
    "country", "city", "campus", "subject", "student", "staff", "course", "course_subject",
    "course_staff", "chapter", "assessment", "enrollment", "attempt",
)  # fmt: skip


def add_many_rows(server, url):
    """Add the rows, and update the statistics of the optimizer."""
    with closing(server.connect(url)) as connection:
        query(connection, "CREATE TABLE number (i INT NOT NULL PRIMARY KEY)")
        numbers = ", ".join(f"({number})" for number in range(1, ROWS + 1))
        query(connection, f"INSERT INTO number VALUES {numbers}")
        for statement in STATEMENTS:
            query(connection, statement)
        query(connection, "DROP TABLE number")
        query(connection, f"ANALYZE TABLE {', '.join(TABLES)}")
