"""Each finding of the doctor, on a server and with settings that cause it."""

import re
from contextlib import closing

import pytest

from app.db.connector import Connector
from app.db.url import DatabaseUrl
from app.operations import doctor
from app.settings import BadSettings
from tests.support.database import query, settings_for
from tests.support.server import start_server


@pytest.fixture(scope="module")
def strict_server():
    """A replica on a host that hangs up after 30 seconds and lets each user in five times."""
    with start_server(wait_timeout=30, max_user_connections=5, read_only=1) as running:
        yield running


@pytest.fixture(scope="module")
def strict_url(strict_server):
    return strict_server.create_database()


def findings(url, **settings):
    found = doctor.examine(settings_for(url, **settings))
    return {finding.name: finding for finding in found}


def test_a_server_that_takes_no_writes_is_wrong(strict_url, migrated):
    assert "primary" in findings(strict_url)["writable"].cure
    assert findings(migrated)["writable"].cure == ""


def test_a_reader_that_says_so_by_innodb_alone_is_wrong():
    with start_server() as server:
        url = server.create_database()
        server.options["innodb_read_only"] = 1
        server.restart()

        assert findings(url)["writable"].seen == "no, innodb_read_only is on"


def test_the_limit_of_one_user_counts_where_there_is_one(strict_url):
    fits = findings(strict_url, web_concurrency=2, threads=2)["connections"]
    exceeds = findings(strict_url, web_concurrency=5, threads=1)["connections"]

    assert fits.cure == ""
    assert "the server allows 5" in exceeds.seen
    assert "WEB_CONCURRENCY" in exceeds.cure


@pytest.mark.parametrize(
    ("strategy", "seconds", "is_wrong"),
    [
        ("timed", 29, False),
        ("timed", 30, True),
        ("timed", 0, True),
        ("adaptive", 180, False),
        ("adaptive", 0, False),
    ],
)
def test_an_age_above_the_server_s_limit_is_wrong_but_for_adaptive(
    strategy, seconds, is_wrong, strict_url
):
    found = findings(strict_url, db_strategy=strategy, db_recycle_seconds=seconds)

    assert bool(found["DB_RECYCLE_SECONDS"].cure) == is_wrong


def test_an_account_that_may_do_more_than_read_and_write_rows_is_wrong(migrated, server):
    owner = findings(server.owner_url(migrated))["account"]

    assert "ALTER" in owner.seen
    assert "MIGRATION_DATABASE_URL" in owner.cure
    assert findings(migrated)["account"].cure == ""


def test_an_account_s_rights_on_all_databases_count_too(migrated, server):
    with closing(server.connect()) as dba:
        query(dba, "CREATE USER broad@'%' IDENTIFIED BY 'pw'")
        query(dba, "GRANT SELECT, DROP ON *.* TO broad@'%'")
    url = f"mysql://broad:pw@127.0.0.1:{server.port}/{DatabaseUrl.parse(migrated).name}"

    assert "DROP" in findings(url)["account"].seen


@pytest.mark.parametrize(("seconds", "is_wrong"), [(19, False), (20, True)])
def test_an_age_above_the_limit_of_a_proxy_is_wrong_too(seconds, is_wrong, migrated):
    settings = {"db_proxy_idle_limit_seconds": 20, "db_keepalive_seconds": 10}
    found = findings(migrated, db_strategy="timed", db_recycle_seconds=seconds, **settings)

    assert bool(found["DB_RECYCLE_SECONDS"].cure) == is_wrong


@pytest.mark.parametrize(("seconds", "is_wrong"), [(59, False), (60, True)])
def test_a_probe_that_comes_after_the_usual_idle_limits_is_wrong(seconds, is_wrong, migrated):
    found = findings(migrated, db_keepalive_seconds=seconds)

    assert bool(found["DB_KEEPALIVE_SECONDS"].cure) == is_wrong


def test_data_in_the_clear_are_wrong_unless_they_stay_on_this_machine(migrated):
    # 127.1 is this machine, too, but nothing in the name says so.
    elsewhere = migrated.replace("127.0.0.1", "127.1")

    assert "DB_SSL_MODE" in findings(elsewhere)["TLS"].cure
    assert findings(migrated)["TLS"].cure == ""


@pytest.mark.parametrize(
    ("strategy", "needed"),
    [("single", 3), ("timed", 12), ("persistent", 12), ("pooled", 6), ("adaptive", 6)],
)
def test_the_connections_of_all_workers_are_added_up(strategy, needed, migrated):
    settings = settings_for(
        migrated, db_strategy=strategy, web_concurrency=3, threads=4, db_pool_size=2
    )

    assert doctor.connections_needed(settings) == needed


def test_a_server_with_no_connection_left_is_named(server, migrated):
    with closing(server.connect()) as dba:
        query(dba, "CREATE USER crowd@'%' IDENTIFIED BY 'pw' WITH MAX_USER_CONNECTIONS 1")
        query(dba, "GRANT ALL ON *.* TO crowd@'%'")
    settings = settings_for(f"mysql://crowd:pw@127.0.0.1:{server.port}/mysql")

    with (
        closing(Connector(settings.database_config())()),
        pytest.raises(BadSettings, match="no connection left"),
    ):
        doctor.examine(settings)


@pytest.fixture(scope="module")
def second_server():
    with start_server(wait_timeout=1) as running:
        yield running


def test_the_cure_for_a_wait_timeout_of_a_second_is_not_never(second_server):
    found = doctor.examine(settings_for(second_server.create_database(), db_strategy="timed"))
    cure = next(one.cure for one in found if one.name == "DB_RECYCLE_SECONDS")

    assert float(re.search(r"to ([\d.]+)$", cure)[1]) > 0


@pytest.mark.parametrize(
    "strategy", ["per_query", "per_request", "pooled", "persistent", "sqlalchemy"]
)
def test_an_age_that_the_strategy_does_not_need_is_not_wrong(strategy, second_server):
    found = doctor.examine(settings_for(second_server.create_database(), db_strategy=strategy))

    assert next(one.cure for one in found if one.name == "DB_RECYCLE_SECONDS") == ""
