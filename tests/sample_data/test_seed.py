"""`seed`: reproducible rows, their number and plausibility, and atomicity."""

import argon2
import pytest

from sample_data import DatabaseNotEmpty, empty, seed

COUNTS = {
    "city": (600, 600), "country": (110, 130), "campus": (5, 5), "staff": (40, 40),
    "student": (600, 600), "course": (60, 60), "subject": (12, 12), "chapter": (480, 720),
    "assessment": (960, 1440), "enrollment": (1200, 1500), "attempt": (15500, 16500),
    "api_user": (3, 3), "course_text": (60, 60),
}  # fmt: skip


def fetch_all(connection, sql, params=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def test_the_same_seed_gives_the_same_rows_and_another_one_other_people(connection, checksums):
    def rows_of(number):
        empty(connection)
        seed(connection, students=40, seed=number)
        return checksums(connection)

    first, again, other = map(rows_of, (1, 1, 2))

    assert first == again
    assert other["city"] == first["city"]
    assert other["student"] != first["student"]
    assert other["attempt"] != first["attempt"]


def test_a_student_does_not_depend_on_the_number_of_students(connection, sample):
    student = "SELECT * FROM student_list WHERE student_id = 40"
    results = "SELECT * FROM chapter_progress WHERE student_id = 40"
    seed(connection, students=40, seed=1)

    assert fetch_all(connection, student) == fetch_all(sample, student)
    assert fetch_all(connection, results) == fetch_all(sample, results)


@pytest.mark.parametrize(("table", "limits"), COUNTS.items())
def test_600_students_have_the_expected_number_of_rows(sample, table, limits):
    ((count,),) = fetch_all(sample, f"SELECT COUNT(*) FROM {table}")

    assert limits[0] <= count <= limits[1]


@pytest.mark.parametrize(
    ("city", "country"),
    [
        ("London", "United Kingdom"),
        ("Paris", "France"),
        ("São Paulo", "Brazil"),
        ("Zürich", "Switzerland"),
        ("Kraków", "Poland"),
        ("İzmir", "Turkey"),
        ("Łódź", "Poland"),
    ],
)
def test_the_first_city_with_a_name_is_the_best_known_one(sample, city, country):
    ((found_city, found_country),) = fetch_all(
        sample,
        "SELECT city, country FROM city JOIN country USING (country_id)"
        " WHERE city = %s ORDER BY city_id LIMIT 1",
        (city,),
    )

    assert (found_city, found_country) == (city, country)


@pytest.mark.parametrize("column", ["first_name", "last_name"])
def test_names_have_accents_and_emails_are_ascii(sample, column):
    names = [name for (name,) in fetch_all(sample, f"SELECT {column} FROM student")]
    emails = [email for (email,) in fetch_all(sample, "SELECT email FROM student")]

    assert sum(not name.isascii() for name in names) > 60
    assert not any("?" in name or "Ã" in name for name in names)
    assert all(email.isascii() and email.endswith("@example.edu") for email in emails)


def test_scores_are_plausible_and_rise_with_each_try(sample):
    ((mean, spread, perfect),) = fetch_all(
        sample, "SELECT AVG(score), STDDEV(score), AVG(score = 100) FROM attempt"
    )
    tries = fetch_all(
        sample,
        """
        SELECT nth, AVG(score) FROM (
          SELECT enrollment_id, score, COUNT(*) OVER same AS tries,
            ROW_NUMBER() OVER (PARTITION BY enrollment_id, assessment_id ORDER BY attempt_date)
              AS nth
          FROM attempt WINDOW same AS (PARTITION BY enrollment_id, assessment_id)
        ) AS numbered WHERE tries > 1 AND nth < 3 GROUP BY nth ORDER BY nth
        """,
    )

    assert 62 < mean < 78
    assert 10 < spread < 20
    assert perfect < 0.05
    assert tries[1][1] > tries[0][1] + 11  # the gain is 7, the rest is chance


def test_averages_differ_between_students(sample):
    ((deviation,),) = fetch_all(
        sample,
        """
        SELECT STDDEV(average) FROM (
          SELECT AVG(score) AS average FROM attempt JOIN enrollment USING (enrollment_id)
          GROUP BY student_id HAVING COUNT(*) > 15
        ) AS students
        """,
    )

    assert deviation > 5  # about 2 without differences in ability


def test_dates_are_in_a_possible_order(sample):
    ((violations,),) = fetch_all(
        sample,
        """
        SELECT COUNT(*) FROM attempt JOIN enrollment USING (enrollment_id)
        JOIN student USING (student_id)
        WHERE attempt_date < enrollment_date OR enrollment_date < create_date
          OR attempt_date > '2026-06-30 04:45:25' OR attempt_date > completion_date
        """,
    )

    assert violations == 0


def test_passwords_are_new_each_time_and_match_the_stored_hashes(connection, sample):
    logins = seed(connection, students=1, seed=1).logins

    users = "SELECT user_name, password_hash FROM api_user"
    stored, others = dict(fetch_all(connection, users)), dict(fetch_all(sample, users))
    verify = argon2.PasswordHasher().verify
    assert [login.role for login in logins] == ["admin", "staff", "student"]
    for login in logins:
        assert stored[login.user_name].startswith("$argon2id$")
        assert verify(stored[login.user_name], login.password)
        with pytest.raises(argon2.exceptions.VerifyMismatchError):
            verify(others[login.user_name], login.password)


def test_passwords_are_not_in_the_repr(connection):
    seeded = seed(connection, students=1)

    assert not [login for login in seeded.logins if login.password in repr(seeded)]


def test_a_database_with_rows_is_rejected_and_not_changed(connection, checksums):
    seed(connection, students=3)
    before = checksums(connection)

    with pytest.raises(DatabaseNotEmpty, match="the table country already holds rows"):
        seed(connection, students=3, seed=2)

    assert checksums(connection) == before


def test_nothing_is_stored_after_a_failure(connection, checksums):
    empty = checksums(connection)

    def fail(done, total):
        raise RuntimeError(f"after {done} of {total}")

    with pytest.raises(RuntimeError, match="after 500 of 600"):
        seed(connection, students=600, progress=fail)

    assert checksums(connection) == empty
