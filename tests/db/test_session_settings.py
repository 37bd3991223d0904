"""The session settings replace the defaults of the server."""

from contextlib import closing

import pytest

from app.db.errors import InvalidValue, StatementRejected
from tests.support.database import opened, query
from tests.support.server import FLAVOR, start_server

OTHER_DEFAULTS = {
    "character_set_server": "latin1",
    "collation_server": "latin1_swedish_ci",
    "default_time_zone": "+05:00",
    "sql_mode": "",
    "autocommit": 0,
    **({"character_set_client_handshake": 0} if FLAVOR == "mariadb" else {}),
}

CAUSAL = {
    "mariadb": ("wsrep_sync_wait", 1),
    "mysql": ("group_replication_consistency", "BEFORE"),
}[FLAVOR]


@pytest.fixture(scope="module")
def other_url():
    with start_server(**OTHER_DEFAULTS) as server:
        url = server.create_database()
        with closing(server.connect(url)) as root:
            query(root, "CREATE TABLE note (note VARCHAR(3) CHARACTER SET utf8mb4, at TIMESTAMP)")
        yield url


@pytest.fixture(params=["pymysql", "mysqlclient"])
def db(request, other_url):
    with opened(other_url, db_driver=request.param) as database:
        yield database


def test_text_is_sent_as_utf8mb4(db):
    with db.transaction() as tx:
        tx.execute("DELETE FROM note")
        tx.execute("INSERT INTO note (note) VALUES (%s)", ("þ🎓東",))

    assert db.fetch_one("SELECT note, HEX(note) AS bytes FROM note") == {
        "note": "þ🎓東",
        "bytes": "þ🎓東".encode().hex().upper(),
    }


def test_times_are_utc(db):
    assert db.fetch_one("SELECT TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), NOW()) AS ahead") == {
        "ahead": 0
    }


@pytest.mark.parametrize("value", ["NULL, '2026-02-30'", "'four', NULL"])
def test_a_value_that_does_not_fit_is_rejected_and_not_truncated(value, db):
    with pytest.raises(InvalidValue), db.transaction() as tx:
        tx.execute(f"INSERT INTO note VALUES ({value})")


def test_the_settings_are_the_same_after_a_reset(db):
    names = "autocommit, sql_mode, time_zone, character_set_client, collation_connection"
    settings = "SELECT " + ", ".join(f"@@{name} AS {name}" for name in names.split(", "))
    before = db.fetch_one(settings)

    with db.transaction() as tx:
        tx.execute("SET NAMES latin1, time_zone = '+05:00', sql_mode = ''")

    assert db.statistics()["sessions_reset"] == 1
    assert db.fetch_one(settings) == before
    assert before["autocommit"] == 1


def test_a_division_by_zero_is_rejected(db):
    with pytest.raises(StatementRejected, match="1365"), db.transaction() as tx:
        tx.execute("INSERT INTO note (note) VALUES (1 / 0)")


def test_the_lock_timeout_is_that_of_the_setting(other_url):
    with opened(other_url, db_lock_timeout_seconds=1) as db:
        assert db.fetch_one("SELECT @@innodb_lock_wait_timeout AS seconds") == {"seconds": 1}


def test_the_lock_timeout_is_five_seconds_by_default(db):
    assert db.fetch_one("SELECT @@innodb_lock_wait_timeout AS seconds") == {"seconds": 5}


@pytest.mark.parametrize("driver", ["pymysql", "mysqlclient"])
def test_causal_reads_are_requested_from_either_server(driver, other_url):
    variable, value = CAUSAL
    with opened(other_url, db_driver=driver, db_read_consistency="causal") as db:
        assert db.fetch_one(f"SELECT @@{variable} AS value") == {"value": value}


def test_by_default_the_servers_own_consistency_applies(db):
    variable, _ = CAUSAL
    row = db.fetch_one(f"SELECT @@{variable} = @@GLOBAL.{variable} AS is_default")
    assert row == {"is_default": 1}
