"""`seed`: the same rows for the same seed, as many as promised, and all of them or none."""

import argon2
import pytest

from sample_data import DatabaseNotEmpty, seed

COUNTS = {
    "city": (600, 600), "country": (110, 130), "campus": (5, 5), "staff": (40, 40),
    "student": (600, 600), "course": (60, 60), "subject": (12, 12), "chapter": (480, 720),
    "assessment": (960, 1440), "enrollment": (1200, 1500), "attempt": (15500, 16500),
    "api_user": (3, 3), "course_text": (60, 60),
}  # fmt: skip


def ask(connection, sql, params=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def test_the_same_seed_gives_the_same_rows(connection, sample, checksums):
    seed(connection, students=600, seed=1)

    assert checksums(connection) == checksums(sample)


def test_another_seed_gives_other_people_in_the_same_places(connection, sample, checksums):
    seed(connection, students=600, seed=2)

    mine, others = checksums(connection), checksums(sample)
    assert mine["city"] == others["city"]
    assert mine["student"] != others["student"]
    assert mine["attempt"] != others["attempt"]


def test_a_student_is_the_same_however_many_others_there_are(connection, sample):
    last = "SELECT * FROM student_list WHERE student_id = 40"
    results = "SELECT * FROM chapter_progress WHERE student_id = 40"
    seed(connection, students=40, seed=1)

    assert ask(connection, last) == ask(sample, last)
    assert ask(connection, results) == ask(sample, results)


@pytest.mark.parametrize(("table", "between"), COUNTS.items())
def test_600_students_come_with_as_much_as_promised(sample, table, between):
    ((count,),) = ask(sample, f"SELECT COUNT(*) FROM {table}")

    assert between[0] <= count <= between[1]


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
def test_the_first_city_of_a_name_is_the_one_everybody_means(sample, city, country):
    ((name, of),) = ask(
        sample,
        "SELECT city, country FROM city JOIN country USING (country_id)"
        " WHERE city = %s ORDER BY city_id LIMIT 1",
        (city,),
    )

    assert (name, of) == (city, country)


@pytest.mark.parametrize("column", ["first_name", "last_name"])
def test_names_keep_their_accents_and_emails_need_none(sample, column):
    names = [name for (name,) in ask(sample, f"SELECT {column} FROM student")]
    emails = [email for (email,) in ask(sample, "SELECT email FROM student")]

    assert sum(not name.isascii() for name in names) > 60
    assert not any("?" in name or "Ã" in name for name in names)
    assert all(email.isascii() and email.endswith("@example.edu") for email in emails)


def test_scores_spread_around_a_middle_and_rise_with_each_try(sample):
    ((mean, spread, perfect),) = ask(
        sample, "SELECT AVG(score), STDDEV(score), AVG(score = 100) FROM attempt"
    )
    tries = ask(
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
    assert tries[1][1] > tries[0][1] + 11  # who failed by bad luck alone gains 7


def test_able_students_do_better_in_all_their_courses(sample):
    ((between,),) = ask(
        sample,
        """
        SELECT STDDEV(average) FROM (
          SELECT AVG(score) AS average FROM attempt JOIN enrollment USING (enrollment_id)
          GROUP BY student_id HAVING COUNT(*) > 15
        ) AS students
        """,
    )

    assert between > 5  # chance alone would give about 2


def test_nothing_happens_before_its_time(sample):
    ((early,),) = ask(
        sample,
        """
        SELECT COUNT(*) FROM attempt JOIN enrollment USING (enrollment_id)
        JOIN student USING (student_id)
        WHERE attempt_date < enrollment_date OR enrollment_date < create_date
          OR attempt_date > '2026-06-30 04:45:25' OR attempt_date > completion_date
        """,
    )

    assert early == 0


def test_the_passwords_are_new_each_time_and_fit_the_stored_hashes(connection, sample):
    logins = seed(connection, students=1, seed=1).logins

    users = "SELECT user_name, password_hash FROM api_user"
    stored, others = dict(ask(connection, users)), dict(ask(sample, users))
    verify = argon2.PasswordHasher().verify
    assert [login.role for login in logins] == ["admin", "staff", "student"]
    for login in logins:
        assert stored[login.user_name].startswith("$argon2id$")
        assert verify(stored[login.user_name], login.password)
        with pytest.raises(argon2.exceptions.VerifyMismatchError):
            verify(others[login.user_name], login.password)


def test_the_passwords_are_not_shown_by_accident(connection):
    seeded = seed(connection, students=1)

    assert not [login for login in seeded.logins if login.password in repr(seeded)]


def test_a_database_with_rows_is_refused_and_unharmed(connection, checksums):
    seed(connection, students=3)
    before = checksums(connection)

    with pytest.raises(DatabaseNotEmpty, match="the table country already holds rows"):
        seed(connection, students=3, seed=2)

    assert checksums(connection) == before


def test_a_failure_half_way_stores_nothing(connection, checksums):
    nothing = checksums(connection)

    def fail(done, total):
        raise RuntimeError(f"after {done} of {total}")

    with pytest.raises(RuntimeError, match="after 500 of 600"):
        seed(connection, students=600, progress=fail)

    assert checksums(connection) == nothing
