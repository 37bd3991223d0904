"""Variables that look like settings, and are none."""

from pathlib import Path

import pytest

from app.operations.variable_names import doubts
from app.settings import Settings
from tests.support.service import Service


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DB_POOLSIZE", "DB_POOL_SIZE"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("db_stategy", "DB_STRATEGY"),
        ("THREAD", "THREADS"),
    ],
)
def test_a_misspelled_name_is_doubted_and_the_right_one_named(name, meant):
    (sentence,) = doubts([name])

    assert name.upper() in sentence
    assert meant in sentence


def test_a_name_that_begins_as_ours_do_is_doubted():
    (sentence,) = doubts(["DB_MAX_CONNECTIONS"])

    assert "DB_MAX_CONNECTIONS" in sentence


@pytest.mark.parametrize(
    "name", ["PATH", "HOME", "HOSTNAME", "LOGNAME", "MYSQL_PASSWORD", "OTEL_SERVICE_NAME", "PORTAL"]
)
def test_what_belongs_to_others_is_not_doubted(name):
    assert list(doubts([name])) == []


def test_no_setting_is_doubted():
    assert list(doubts(Settings.model_fields)) == []


def test_the_service_says_so_when_it_starts_also_of_its_env_file(migrated):
    service = Service(migrated, DB_STATEGY="pooled")
    try:
        Path(service.folder.name, ".env").write_text("DB_POOLSIZE=3\n")
        log = service.start().log.read_text()
    finally:
        service.stop()

    assert "DB_STATEGY is set, and is no setting; DB_STRATEGY is one" in log
    assert "DB_POOLSIZE is set, and is no setting; DB_POOL_SIZE is one" in log
