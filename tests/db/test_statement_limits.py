"""The server ends a query that takes longer than `statement_timeout_seconds`; nothing else."""

import pytest

from app.db.errors import StatementTimedOut
from tests.db.test_statement_timeouts import DRIVERS
from tests.support.counting import changes
from tests.support.database import add, connection_id, opened, words
from tests.support.server import FLAVOR

# SLEEP() would not do: MySQL ends it without an error.
ENDLESS = (
    "SELECT COUNT(*) AS number FROM information_schema.columns AS a"
    " JOIN information_schema.columns AS b ON b.column_name <> a.column_name"
    " JOIN information_schema.columns AS c ON c.column_name <> b.column_name"
)
SLOWER_THAN_THE_LIMIT = "SELECT SLEEP(0.6) AS slept"
UNUSUAL = {
    "WITH": f"WITH pairs AS (SELECT 'SELECT (' /* ( */ FROM ({ENDLESS}) AS a) SELECT * FROM pairs",
    "WITH RECURSIVE": "with recursive pair (n) as (select 1 union all select n + 1 from pair"
    f" where n < 3) {ENDLESS} WHERE a.ordinal_position > (SELECT MAX(n) FROM pair)",
    "hints": ENDLESS.replace("SELECT", "SELECT /*+ SET_VAR(sort_buffer_size = 262144) */"),
    "parentheses": f" (({ENDLESS}))",
    "UNION": f"(SELECT 0 AS number) UNION ALL ({ENDLESS})",
    "comments": f"/* SELECT */ -- a -- b\n# c\n{ENDLESS}",
    "parenthesis and comment": f"(/* WITH ( */{ENDLESS})",
}
if FLAVOR == "mysql":  # a syntax error in MariaDB 10.11
    UNUSUAL["parenthesis and WITH"] = f"(WITH one AS (SELECT 1) {ENDLESS})"
LIMIT_ERRORS = {1969, 3024}  # MariaDB, MySQL


@pytest.fixture(params=DRIVERS)
def db(request, url):
    with opened(url, db_driver=request.param, db_statement_timeout_seconds=0.3) as database:
        yield database


def test_the_server_ends_a_query_that_takes_too_long(db):
    before = connection_id(db)

    for read in (db.fetch_one, db.fetch_all):
        with pytest.raises(StatementTimedOut) as caught:
            read(ENDLESS)

        assert caught.value.code in LIMIT_ERRORS
    assert connection_id(db) == before
    assert not db.statistics().keys() & {"retried_read", "discarded", "statements_killed"}


@pytest.mark.parametrize("sql", UNUSUAL.values(), ids=UNUSUAL)
def test_a_query_that_does_not_start_with_a_plain_select_is_limited_too(sql, db):
    with pytest.raises(StatementTimedOut) as caught:
        db.fetch_all(sql)

    assert caught.value.code in LIMIT_ERRORS


def test_a_hint_for_a_longer_time_is_respected_by_mysql_only(db):
    slow = SLOWER_THAN_THE_LIMIT.replace("SELECT", "SELECT /*+ MAX_EXECUTION_TIME(60000) */")

    if FLAVOR == "mysql":
        assert db.fetch_one(slow) == {"slept": 0}
    else:
        with pytest.raises(StatementTimedOut):
            db.fetch_one(slow)


def test_a_limited_query_is_one_statement_and_leaves_no_state(db, server):
    db.fetch_one("SELECT 1 AS one")

    sent = changes(server, lambda: db.fetch_one("SELECT 1 AS one"), "Questions")

    assert sent == {"Questions": 1}
    assert "sessions_reset" not in db.statistics()
    assert db.unlimited().fetch_one(SLOWER_THAN_THE_LIMIT) == {"slept": 0}


def test_statements_of_a_transaction_are_not_limited(db, root):
    with db.transaction() as tx:
        assert tx.fetch_one(SLOWER_THAN_THE_LIMIT) == {"slept": 0}
        tx.execute("INSERT INTO word (word) SELECT CONCAT('slept ', SLEEP(0.6))")

    assert words(root) == ["slept 0"]


def test_a_cursor_is_not_limited(db):
    with db.connection() as connection, connection.cursor() as cursor:
        cursor.execute(SLOWER_THAN_THE_LIMIT)

        assert cursor.fetchone() == (0,)


def test_a_limit_of_zero_is_none(url):
    with opened(url, db_statement_timeout_seconds=0) as db:
        assert db.fetch_one(SLOWER_THAN_THE_LIMIT) == {"slept": 0}


def test_a_query_with_values_is_limited_too(db, root):
    with db.transaction() as tx:
        add(tx, "100%")

    assert db.fetch_one(" select word FROM word WHERE word = %s", ("100%",)) == {"word": "100%"}
    with pytest.raises(StatementTimedOut):
        db.fetch_one(f"{ENDLESS} WHERE a.column_name <> %s", ("none",))
