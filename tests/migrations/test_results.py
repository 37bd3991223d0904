"""The tables of results equal a count of the attempts and enrollments after any writes."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from random import Random
from threading import Barrier

import pymysql
import pytest
from alembic import command

from tests.support.database import query
from tests.support.replication import wait_until

# Lock timeout, deadlock, snapshot conflict, and a student who takes both courses that are swapped.
ROLLED_BACK = {1205, 1213, 1020, 1062}
LOCK_WAITS = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'"
WRITERS = 6
WRITES = 25
STUDENTS = range(1, 9)
ROWS = (
    "INSERT INTO country (country_id, country) VALUES (1, 'Ísland')",
    "INSERT INTO city (city_id, city, country_id) VALUES (1, 'Reykjavík', 1)",
    "INSERT INTO address (address_id, address, district, city_id, phone)"
    " VALUES (1, 'Þórsgata 1', 'Miðborg', 1, '+354')",
    "INSERT INTO campus (campus_id, name, address_id) VALUES (1, 'Reykjavík', 1)",
    "INSERT INTO course (course_id, title) VALUES (1, 'Glaciers'), (2, 'Geysers'), (3, 'Fjords')",
    "INSERT INTO chapter (chapter_id, course_id, chapter_number, title)"
    " VALUES (1, 1, 1, 'Ice'), (2, 2, 1, 'Steam')",
    "INSERT INTO assessment (assessment_id, chapter_id, title, kind)"
    " VALUES (1, 1, 'Firn', 'quiz'), (2, 1, 'Calving', 'exam'), (3, 2, 'Heat', 'quiz')",
    *(
        "INSERT INTO student (student_id, campus_id, first_name, last_name, email, address_id)"
        f" VALUES ({key}, 1, 'Ari', 'Sample', 'ari.{key}@example.edu', 1)"
        for key in STUDENTS
    ),
    *(
        f"INSERT INTO enrollment (enrollment_id, student_id, course_id) VALUES ({key}, {key}, 1)"
        for key in STUDENTS
    ),
    "INSERT INTO attempt (enrollment_id, assessment_id, score) VALUES (1, 1, 40), (2, 1, 60)",
)
# Each changes what is counted; all of them can be repeated.
WRITES_TO_RESULTS = (
    "INSERT INTO attempt (enrollment_id, assessment_id, score) VALUES ({n} % 8 + 1, 1, {n} % 100)",
    "INSERT INTO attempt (enrollment_id, assessment_id, score)"
    " VALUES (1, 2, {n} % 100), (2, 1, 50)",
    "UPDATE attempt SET score = 100 - score WHERE enrollment_id = {n} % 8 + 1",
    "UPDATE attempt SET assessment_id = 3 - assessment_id WHERE enrollment_id = {n} % 8 + 1",
    "DELETE FROM attempt WHERE enrollment_id = {n} % 8 + 1 AND score > 70",
    "UPDATE assessment SET pass_score = {n} % 100 WHERE assessment_id = 1 + {n} % 2",
    "UPDATE enrollment SET completion_date = IF(completion_date IS NULL, NOW(), NULL)"
    " WHERE enrollment_id = {n} % 8 + 1",
    "INSERT IGNORE INTO enrollment (student_id, course_id) VALUES ({n} % 8 + 1, 2)",
    "UPDATE enrollment SET course_id = 5 - course_id"
    " WHERE course_id > 1 AND student_id = {n} % 8 + 1",
    "DELETE FROM enrollment WHERE course_id > 1 AND student_id = {n} % 8 + 1",
)
# The second statement of each waits for a row that the first has changed, after it has executed a
# trigger for another row.
BLOCKING_WRITES = (
    (
        "UPDATE assessment SET pass_score = 90 WHERE assessment_id = 1",
        # In a trigger of an INSERT with VALUES, MariaDB locks what it reads in any case.
        "INSERT INTO attempt (enrollment_id, assessment_id, score) SELECT enrollment_id,"
        " 3 - enrollment_id, 60 FROM enrollment WHERE enrollment_id IN (1, 2) ORDER BY 1",
    ),
    (
        "INSERT INTO attempt (enrollment_id, assessment_id, score) VALUES (2, 2, 50)",
        "UPDATE assessment SET pass_score = 45 WHERE assessment_id IN (1, 2)",
    ),
    (
        "UPDATE assessment SET pass_score = 55 WHERE assessment_id = 2",
        "UPDATE attempt SET assessment_id = 3 - assessment_id WHERE enrollment_id IN (1, 2)",
    ),
    (
        "UPDATE assessment SET pass_score = 65 WHERE assessment_id = 1",
        "DELETE FROM attempt WHERE enrollment_id IN (1, 2)",
    ),
)
COUNTED = (
    "SELECT assessment_id, COUNT(attempt_id), COALESCE(SUM(score >= pass_score), 0),"
    " COALESCE(SUM(score), 0) FROM assessment LEFT JOIN attempt USING (assessment_id)"
    " GROUP BY assessment_id ORDER BY 1",
    "SELECT course_id, COUNT(enrollment_id), COUNT(completion_date)"
    " FROM course LEFT JOIN enrollment USING (course_id) GROUP BY course_id ORDER BY 1",
)
STORED = (
    "SELECT assessment_id, COALESCE(attempts, 0), COALESCE(passed, 0), COALESCE(score_total, 0)"
    " FROM assessment LEFT JOIN assessment_result USING (assessment_id) ORDER BY 1",
    "SELECT course_id, COALESCE(enrollments, 0), COALESCE(completions, 0)"
    " FROM course LEFT JOIN course_result USING (course_id) ORDER BY 1",
)


@pytest.fixture
def url(server):
    return server.owner_url(server.create_database())


@pytest.fixture
def root(server, url):
    with closing(server.connect(url)) as connection:
        yield connection


@pytest.fixture
def results(alembic, url, root):
    """The newest schema with rows that were added before there were tables of results."""
    config = alembic(url)
    command.upgrade(config, "0046")
    for statement in ROWS:
        query(root, statement)
    command.upgrade(config, "head")
    return config


def counted(root):
    return [query(root, sql) for sql in COUNTED]


def stored(root):
    return [query(root, sql) for sql in STORED]


def test_the_migration_counts_existing_rows(results, root):
    assert stored(root) == counted(root)
    assert stored(root)[0][0] == (1, 2, 1, 100)
    assert stored(root)[1][0] == (1, len(STUDENTS), 0)


def test_rows_can_be_counted_again(results, root):
    for before, damage in (
        ("0067", "UPDATE assessment_result SET attempts = 99"),
        ("0057", "DELETE FROM course_result"),
    ):
        query(root, damage)
        command.downgrade(results, before)
        command.upgrade(results, "head")

        assert stored(root) == counted(root), before


def test_results_equal_a_count_after_each_write(results, root):
    for number, statement in enumerate(WRITES_TO_RESULTS * 3):
        query(root, statement.format(n=number * 37))
        assert stored(root) == counted(root), statement


def test_a_write_that_is_rolled_back_is_not_counted(results, root):
    before = stored(root)

    root.begin()
    query(root, WRITES_TO_RESULTS[0].format(n=1))
    root.rollback()

    assert stored(root) == before == counted(root)


def test_results_are_deleted_with_their_assessment_and_course(results, root):
    query(root, "INSERT INTO attempt (enrollment_id, assessment_id, score) VALUES (1, 3, 50)")
    query(root, "DELETE FROM attempt WHERE assessment_id = 3")
    for table, key in (("assessment", 3), ("chapter", 2), ("course", 2)):
        query(root, f"DELETE FROM {table} WHERE {table}_id = {key}")

    assert query(root, "SELECT COUNT(*) FROM assessment_result WHERE assessment_id = 3") == ((0,),)
    assert query(root, "SELECT COUNT(*) FROM course_result WHERE course_id = 2") == ((0,),)


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "READ COMMITTED"])
def test_concurrent_writes_add_up(isolation, results, root, server, url):
    barrier = Barrier(WRITERS)

    def write(seed):
        random = Random(seed)
        with closing(server.connect(url)) as connection:
            query(connection, f"SET SESSION TRANSACTION ISOLATION LEVEL {isolation}")
            barrier.wait()
            return sum(in_transaction(connection, random) for _ in range(WRITES))

    with ThreadPoolExecutor(WRITERS) as threads:
        committed = sum(threads.map(write, range(WRITERS)))

    assert stored(root) == counted(root)
    assert committed > WRITERS * WRITES / 3


def test_a_write_that_waited_uses_what_was_committed_meanwhile(results, root, server, url):
    with (
        closing(server.connect(url)) as first,
        closing(server.connect(url)) as second,
        ThreadPoolExecutor(1) as thread,
    ):
        query(second, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        for write, blocked in BLOCKING_WRITES:
            first.begin()
            query(first, write)
            waiting = thread.submit(query, second, blocked)
            wait_until(lambda: query(root, LOCK_WAITS)[0][1] == "1", f"{blocked} waits for a lock")
            first.commit()
            waiting.result()
            assert stored(root) == counted(root), blocked


def in_transaction(connection, random):
    """Run two random writes in one transaction; return whether it was committed."""
    try:
        connection.begin()
        for _ in range(2):
            query(connection, random.choice(WRITES_TO_RESULTS).format(n=random.randrange(1000)))
        connection.commit()
    except pymysql.err.MySQLError as error:
        connection.rollback()
        if error.args[0] not in ROLLED_BACK:
            raise
        return False
    return True


def test_rows_are_counted_correctly_while_others_write(results, root, server, url):
    command.downgrade(results, "0057")
    query(root, "DELETE FROM assessment_result")
    query(root, "DELETE FROM course_result")

    def write(seed):
        random = Random(seed)
        with closing(server.connect(url)) as connection:
            barrier.wait()
            return sum(in_transaction(connection, random) for _ in range(WRITES))

    barrier = Barrier(WRITERS + 1)
    with ThreadPoolExecutor(WRITERS) as threads:
        writers = [threads.submit(write, seed) for seed in range(WRITERS)]
        barrier.wait()
        command.upgrade(results, "head")
        assert sum(writer.result() for writer in writers) > WRITERS * WRITES / 4

    assert stored(root) == counted(root)
