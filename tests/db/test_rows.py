"""Rows decoded without packet objects equal those that PyMySQL decodes."""

from contextlib import closing

import pymysql
import pytest

from app.db.connector import Connector
from app.db.drivers.pymysql import READ_AHEAD_BYTES
from app.db.url import DatabaseUrl
from tests.support.database import settings_for
from tests.support.server import start_server

MEGABYTE = 1024 * 1024
LONGEST_PACKET = 16 * MEGABYTE - 1


@pytest.fixture(scope="module")
def large_packets_url():
    with start_server(max_allowed_packet=64 * MEGABYTE) as server:
        yield server.create_database()


@pytest.fixture(scope="module")
def ours(large_packets_url):
    with closing(
        Connector(settings_for(large_packets_url, db_driver="pymysql").database_config())()
    ) as connection:
        yield connection


@pytest.fixture(scope="module")
def theirs(large_packets_url):
    parsed = DatabaseUrl.parse(large_packets_url)
    with pymysql.connect(
        host=parsed.host,
        port=parsed.port,
        user=parsed.user,
        password=parsed.password,
        database=parsed.name,
        ssl_disabled=True,
    ) as connection:
        yield connection


def rows(connection, sql):
    with connection.cursor() as cursor:
        affected = cursor.execute(sql)
        return affected, cursor.fetchall()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1, -1, 18446744073709551615, 1.50, 1e300, NULL, TRUE",
        "SELECT CAST('2026-02-28 12:34:56.789' AS DATETIME(3)), CURRENT_DATE, TIME '-12:34:56'",
        "SELECT 'Zoë 🎓', _latin1 0xE9, BINARY 'a', X'00ff', '', NULL, ''",
        "SELECT NULL UNION ALL SELECT 'one' UNION ALL SELECT NULL UNION ALL SELECT ''",
        "SELECT 1 WHERE FALSE",
        "SELECT JSON_OBJECT('a', NULL, 'b', 'þ'), CAST(1 AS CHAR)",
        "SELECT character_set_name, description, maxlen FROM information_schema.character_sets"
        " ORDER BY 1",
    ],
)
def test_values_of_all_types(sql, ours, theirs):
    assert rows(ours, sql) == rows(theirs, sql)


MANY_ROWS = """
    WITH digit AS (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4
                   UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)
    SELECT REPEAT('x', 10 * one.n + two.n), 10 * three.n + four.n
    FROM digit AS one JOIN digit AS two JOIN digit AS three JOIN digit AS four
    WHERE four.n < 5 ORDER BY 1, 2
"""


def test_more_rows_than_fit_into_one_read(ours, theirs):
    found = rows(ours, MANY_ROWS)

    assert found[0] == 5000
    assert sum(len(text) for text, _ in found[1]) > 2 * READ_AHEAD_BYTES
    assert found == rows(theirs, MANY_ROWS)


def test_more_rows_than_fit_into_one_read_with_a_response_deadline(ours, theirs):
    with ours.response_deadline(30):
        found = rows(ours, MANY_ROWS)

    assert found == rows(theirs, MANY_ROWS)


# The length is encoded in more bytes from 251 and 65,536 on; a packet holds at most 16 MB - 1.
@pytest.mark.parametrize(
    "length",
    [0, 1, 250, 251, 252, 65_535, 65_536, LONGEST_PACKET - 5, LONGEST_PACKET - 4, LONGEST_PACKET,
     2 * LONGEST_PACKET],
)  # fmt: skip
def test_values_of_all_lengths(length, ours, theirs):
    sql = f"SELECT REPEAT('x', {length}), 'after' UNION ALL SELECT 'second', NULL"

    found = rows(ours, sql)

    assert len(found[1][0][0]) == length
    assert found == rows(theirs, sql)


def test_an_error_after_the_first_row_is_raised_and_the_connection_stays_usable(ours):
    # The subquery returns one row for the first row, and two rows for the second.
    sql = "SELECT (SELECT 1 UNION SELECT x) FROM (SELECT 1 AS x UNION ALL SELECT 2) AS numbers"

    with pytest.raises(pymysql.err.OperationalError) as caught:
        rows(ours, sql)

    assert caught.value.args[0] == 1242
    assert rows(ours, "SELECT 1") == (1, ((1,),))


def test_a_wrong_sequence_number_is_a_lost_connection(large_packets_url, monkeypatch):
    with closing(
        Connector(settings_for(large_packets_url, db_driver="pymysql").database_config())()
    ) as connection:
        read = connection._read_bytes
        headers = []

        def renumbered(number):
            data = read(number)
            if number == 4:
                headers.append(data)
                if len(headers) == 4:  # number of columns, column, end of columns, and this row
                    return data[:3] + b"\x63"
            return data

        monkeypatch.setattr(connection, "_read_bytes", renumbered)
        with pytest.raises(pymysql.err.OperationalError, match="out of order") as caught:
            rows(connection, "SELECT 1")

    assert caught.value.args[0] == 2013
