"""The ledger finds every contradiction between what clients were told and what is stored."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pymysql
import pytest

from app.db.url import DatabaseUrl
from tests.cluster.client import Response
from tests.cluster.events import IN_FLIGHT, NOTHING
from tests.cluster.ledger import FIRST_DATE, Ledger
from tests.cluster.measurement import Measurement

RUN = "ledgertest"


@pytest.fixture
def cursor(migrated):
    """A cursor in a transaction that is rolled back."""
    target = DatabaseUrl.parse(migrated)
    connection = pymysql.connect(
        host=target.host,
        port=target.port,
        user=target.user,
        password=target.password,
        database=target.name,
    )
    with closing(connection), connection.cursor() as cursor:
        yield cursor
        connection.rollback()


def store_student(cursor, name, *, address=None):
    cursor.execute(
        "INSERT INTO address (address, district, city_id, phone) VALUES (%s, 'D', 1, '0')",
        (address or name,),
    )
    cursor.execute(
        "INSERT INTO student (first_name, last_name, email, campus_id, address_id) "
        "VALUES ('A', 'B', %s, 1, LAST_INSERT_ID())",
        (f"{name}@load.example",),
    )


def test_what_was_told_and_stored_is_consistent(cursor):
    ledger = Ledger(RUN)
    ledger.student(f"{RUN}-1", "stored")
    ledger.student(f"{RUN}-2", "not stored")
    ledger.student(f"{RUN}-3", "unknown")
    ledger.batch(f"{RUN}-b", ["stored", "stored"])
    for name in ("1", "3", "b-0", "b-1"):
        store_student(cursor, f"{RUN}-{name}")

    assert dict(ledger.compare(cursor)) == {"unknown, stored": 1}


@pytest.mark.parametrize(
    ("told", "names", "found"),
    [
        ("stored", [], {"lost": 1}),
        ("not stored", ["1"], {"denied": 1}),
        ("unknown", [], {"unknown, not stored": 1}),
        ("stored", ["1", "2"], {"not mine": 1}),
    ],
)
def test_a_contradiction_is_found(cursor, told, names, found):
    ledger = Ledger(RUN)
    ledger.student(f"{RUN}-1", told)
    for name in names:
        store_student(cursor, f"{RUN}-{name}")

    assert dict(ledger.compare(cursor)) == found


def test_another_students_address_is_found(cursor):
    ledger = Ledger(RUN)
    ledger.student(f"{RUN}-1", "stored")
    store_student(cursor, f"{RUN}-1", address=f"{RUN}-2")

    assert dict(ledger.compare(cursor)) == {"mixed": 1}


def test_half_a_batch_is_found(cursor):
    ledger = Ledger(RUN)
    ledger.batch(f"{RUN}-b", ["unknown", "unknown"])
    store_student(cursor, f"{RUN}-b-0")

    assert ledger.compare(cursor)["halved"] == 1


def test_a_write_that_is_stored_twice_is_found(cursor):
    ledger = Ledger(RUN)
    ledger.attempt(77, "stored")
    cursor.execute("SELECT enrollment_id, assessment_id FROM attempt LIMIT 1")
    enrollment, assessment = cursor.fetchone()
    for _ in range(2):
        cursor.execute(
            "INSERT INTO attempt (enrollment_id, assessment_id, score, attempt_date) "
            "VALUES (%s, %s, 50, %s)",
            (enrollment, assessment, FIRST_DATE + timedelta(seconds=77)),
        )

    assert dict(ledger.compare(cursor)) == {"doubled": 1}


def test_a_conditional_update_that_overwrote_another_is_found(cursor):
    ledger = Ledger(RUN)
    for _ in range(3):
        ledger.update(1, "stored")
    cursor.execute(
        "UPDATE address JOIN student USING (address_id) SET postal_code = '2' WHERE student_id = 1"
    )

    assert dict(ledger.compare(cursor)) == {"wrong count": 1}


@pytest.mark.parametrize(
    ("status", "problem", "told"),
    [
        (201, "", "stored"),
        (207, "", "stored"),
        (409, "duplicate", "not stored"),
        (503, "connection-lost", "not stored"),
        (503, "outcome-unknown", "unknown"),
        (502, "outcome-unknown", "unknown"),
        (504, "", "unknown"),
        (503, "not-json", "unknown"),
        (0, "ConnectionResetError", "unknown"),
    ],
)
def test_what_a_response_tells(status, problem, told):
    assert Response("student", status, problem, 0, 0, {}, b"").told == told


GOOD = Measurement(
    engine="galera",
    route="writer",
    event="kill-writer",
    allowed=NOTHING,
    requests=100,
    rate=50,
    failed=0,
    labels={},
    failed_kinds={},
    unfinished=0,
    missing_own_writes=0,
    read_gap=3,
    write_gap=3,
    worst=3,
    ledger={"unknown, stored": 1},
    servers_agree=True,
)


def test_a_measurement_without_problems():
    assert GOOD.problems() == []
    unknown = {"503 outcome-unknown": 7, "502 outcome-unknown": 1}
    kinds = {"batch": 8}
    in_flight = replace(GOOD, allowed=IN_FLIGHT, failed=8, labels=unknown, failed_kinds=kinds)
    assert in_flight.problems() == []


@pytest.mark.parametrize(
    "changed",
    [
        {"failed": 1, "labels": {"503 unavailable": 1}},
        {"failed": 9, "labels": {"503 outcome-unknown": 9}, "allowed": IN_FLIGHT},
        {"failed": 1, "labels": {"500 internal": 1}, "allowed": IN_FLIGHT},
        {"failed": 1, "labels": {"503 conflict": 1}, "allowed": IN_FLIGHT},
        {"failed": 1, "labels": {"no response ConnectionResetError": 1}, "allowed": IN_FLIGHT},
        {
            "failed": 1,
            "labels": {"503 outcome-unknown": 1},
            "failed_kinds": {"read": 1},
            "allowed": IN_FLIGHT,
        },
        {"unfinished": 1},
        {"missing_own_writes": 1},
        {"read_gap": 4.1},
        {"write_gap": 4.1},
        {"ledger": {"lost": 1}},
        {"servers_agree": False},
    ],
)
def test_a_broken_promise_is_a_problem(changed):
    assert replace(GOOD, **changed).problems()
