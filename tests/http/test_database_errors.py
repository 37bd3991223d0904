"""The response to every error number of the servers and proxies, as a client sees it.

A stored function raises the number, so it arrives in an error packet as any other error does.
"""

from contextlib import closing

import pytest

from app import create_app
from app.db.error_codes import BY_CODE, GROUPS, Kind
from app.http.api import Api, Resource
from app.http.caller import PUBLIC
from app.http.context import database
from app.http.operation import operation
from app.http.responses import json_response
from tests.support.database import query, settings_for

FAIL_WITH = """
    CREATE FUNCTION fail_with(code INT, text VARCHAR(128)) RETURNS INT DETERMINISTIC NO SQL
    BEGIN
        SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = code, MESSAGE_TEXT = text;
        RETURN 1;
    END
"""
TEXT = "the text of the server"
# Status and problem type; whether the connection is kept; whether a transaction is run again.
EXPECTED = {
    Kind.NOT_EXECUTED: (503, "connection-lost", False, True),
    Kind.LOST: (503, "connection-lost", False, True),
    Kind.NOT_READY: (503, "unavailable", False, True),
    Kind.UNAVAILABLE: (503, "unavailable", None, False),  # depends on the group
    Kind.STORAGE: (503, "storage-failed", True, False),
    Kind.READ_ONLY: (503, "read-only", False, True),
    Kind.ACCESS_DENIED: (503, "unavailable", False, False),
    Kind.CONFLICT: (503, "conflict", True, True),
    Kind.INTERRUPTED: (503, "interrupted", True, False),
    Kind.TIMED_OUT: (503, "statement-timeout", True, False),
    Kind.TABLE_MISSING: (503, "not-migrated", True, False),
    Kind.KEYS_EXHAUSTED: (503, "keys-exhausted", True, False),
    Kind.DUPLICATE_KEY: (409, "duplicate", True, False),
    Kind.MISSING_REFERENCE: (409, "missing-reference", True, False),
    Kind.STILL_REFERENCED: (409, "still-referenced", True, False),
    Kind.CHECK_VIOLATED: (409, "rule-violated", True, False),
    Kind.INVALID_VALUE: (422, "value-refused", None, False),
    Kind.REJECTED: (500, "internal", None, False),
}
UNAVAILABLE = {
    "closed": [9001, 9002, 9004, 9005, 9006, 9007, 9501, 1105, 1180, 1040, 2003],
    "kept": [1015, 1037, 1041, 1135, 1206, 1637],
}
NAMED = {
    Kind.CONFLICT: [1205, 1213, 1020, 1412, 1615, 3101, 3572],
    Kind.STORAGE: [3, 1021, 1026, 1030, 1114],
    Kind.READ_ONLY: [1036, 1792, 1836, 1881],
    Kind.NOT_READY: [1047, 3032, 3100, 3797],
    Kind.UNAVAILABLE: [*UNAVAILABLE["closed"], *UNAVAILABLE["kept"]],
    Kind.ACCESS_DENIED: [1045, 1820, 1862, 3118, 3159, 4151],
    Kind.INTERRUPTED: [1317],
    Kind.TIMED_OUT: [1969, 3024],
}
CLIENT_NUMBERS = range(2000, 3000)
# 0 is the driver's own: no server can send it.
NUMBERS = [(code, TEXT) for code in BY_CODE if code] + [
    (1290, "The MariaDB server is running with the --read-only option"),
    (1290, "The MySQL server is running with the --super-read-only option"),
    (1015, "Can't lock file (errno: 165 - Table is read only)"),
    (64999, TEXT),  # unknown
]


class Failing(Resource):
    """Operations that fail with `error`: reads always, transactions in the first run only."""

    error = (0, "")
    runs = 0

    @operation(roles=PUBLIC)
    def get(self):
        return json_response(database().fetch_one("SELECT fail_with(%s, %s)", self.error))

    @operation(roles=PUBLIC)
    def post(self):
        def write(tx):
            Failing.runs += 1
            if Failing.runs == 1:
                tx.execute("SELECT fail_with(%s, %s)", self.error)

        database().run_transaction(write)
        return json_response({})


@pytest.fixture(scope="module")
def failing_url(server):
    url = server.create_database()
    with closing(server.connect(url)) as root:
        query(root, FAIL_WITH)
    return url


@pytest.fixture(scope="module", params=["pymysql", "mysqlclient"])
def driver(request):
    return request.param


@pytest.fixture(scope="module")
def failing_app(driver, failing_url):
    settings = {"db_driver": driver, "db_pool_size": 1, "db_outage_patience_seconds": 0}
    application = create_app(settings_for(failing_url, **settings))
    Api(application).add_resource(Failing, "/failing")
    yield application
    application.extensions["database"].close()


@pytest.fixture
def discarded(failing_app):
    """A function that returns the number of connections discarded so far."""
    database = failing_app.extensions["database"]
    return lambda: database.statistics().get("discarded", 0)


def expected(code, text, driver):
    """Return status, problem type, whether the connection is kept and the transaction retried."""
    # libmariadb accepts no client number from a server: the packet is malformed.
    if driver == "mysqlclient" and code in CLIENT_NUMBERS:
        return EXPECTED[Kind.LOST]
    if "read-only" in text or "read only" in text:
        return EXPECTED[Kind.READ_ONLY]
    if code not in BY_CODE:
        return (*EXPECTED[Kind.REJECTED][:2], True, False)
    status, kind, is_kept, is_retried = EXPECTED[BY_CODE[code].kind]
    if is_kept is None:
        is_kept = BY_CODE[code].keeps_connection
    return status, kind, is_kept, is_retried


@pytest.mark.parametrize(("code", "text"), NUMBERS)
def test_each_error_number_has_its_response(code, text, driver, failing_app, discarded):
    status, kind, is_kept, is_retried = expected(code, text, driver)
    Failing.error, Failing.runs = (code, text), 0
    client, before = failing_app.test_client(), discarded()

    read = client.get("/failing")
    assert (read.status_code, read.json["type"].rpartition(":")[2]) == (status, kind)
    assert ("Retry-After" in read.headers) == (status == 503)
    assert (discarded() == before) == is_kept
    assert text not in read.text

    written = client.post("/failing")
    assert written.status_code == (200 if is_retried else status)
    assert Failing.runs == (2 if is_retried else 1)


@pytest.mark.parametrize("kind", NAMED)
def test_the_numbers_of_each_kind(kind):
    assert {code: BY_CODE[code].kind for code in NAMED[kind]} == dict.fromkeys(NAMED[kind], kind)


def test_a_shortage_keeps_the_connection_and_a_lost_backend_does_not():
    assert all(BY_CODE[code].keeps_connection for code in UNAVAILABLE["kept"])
    assert not any(BY_CODE[code].keeps_connection for code in UNAVAILABLE["closed"])


def test_no_number_is_listed_twice():
    codes = [code for group in GROUPS for code in group.codes]

    assert len(codes) == len(set(codes))
