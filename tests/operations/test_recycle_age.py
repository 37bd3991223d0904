"""An age that the server, or a proxy, is known not to wait for: the service does not start."""

import pytest

from tests.operations.test_startup_errors import assert_one_line, start
from tests.support.server import start_server
from tests.support.service import free_port, serving

ON_AGE_ALONE = [
    {"DB_STRATEGY": "timed"},
    {"DB_STRATEGY": "sqlalchemy", "DB_PRE_PING": "0"},
    {"DB_STRATEGY": "sqlalchemy_session", "DB_PRE_PING": "0"},
]
NOT_ON_AGE = [
    {"DB_STRATEGY": "adaptive"},
    {"DB_STRATEGY": "adaptive", "DB_RECYCLE_SECONDS": 0},
    {"DB_STRATEGY": "sqlalchemy"},
    {"DB_STRATEGY": "persistent"},
]


@pytest.fixture(scope="module")
def short_url():
    """A database on a server that hangs up after 30 idle seconds."""
    with start_server(wait_timeout=30) as running:
        yield running.create_migrated_database()


def name_of(settings):
    return " ".join(str(value) for value in settings.values())


@pytest.mark.parametrize("settings", ON_AGE_ALONE, ids=name_of)
@pytest.mark.parametrize("seconds", [30, 180, 0])
def test_an_age_that_comes_too_late_is_refused(settings, seconds, tmp_path, short_url):
    outcome = start(tmp_path, short_url, DB_RECYCLE_SECONDS=seconds, **settings)

    strategy = f"DB_STRATEGY={settings['DB_STRATEGY']}"
    assert_one_line(
        outcome, f"DB_RECYCLE_SECONDS={seconds}: ", "30 s idle", strategy, "more than 0", "than 30"
    )


@pytest.mark.parametrize("settings", ON_AGE_ALONE, ids=name_of)
def test_an_age_below_the_limit_starts_without_a_word(settings, short_url):
    with serving(short_url, DB_RECYCLE_SECONDS=29, **settings) as service:
        assert "DB_RECYCLE_SECONDS" not in service.log.read_text()


@pytest.mark.parametrize("settings", NOT_ON_AGE, ids=name_of)
def test_a_strategy_that_does_not_rely_on_age_starts_without_a_word(settings, short_url):
    with serving(short_url, **settings) as service:
        assert "DB_RECYCLE_SECONDS" not in service.log.read_text()


def test_the_default_of_the_server_is_a_limit_too(tmp_path, migrated):
    outcome = start(tmp_path, migrated, DB_STRATEGY="timed", DB_RECYCLE_SECONDS=28800)

    assert_one_line(outcome, "DB_RECYCLE_SECONDS=28800: ", "wait_timeout", "less than 28800")


def test_the_limit_of_a_proxy_counts_where_it_is_the_lower_one(tmp_path, migrated):
    proxy = {"DB_PROXY_IDLE_LIMIT_SECONDS": 50, "DB_RECYCLE_SECONDS": 50}
    outcome = start(tmp_path, migrated, DB_STRATEGY="timed", **proxy)

    assert_one_line(outcome, "DB_RECYCLE_SECONDS=50: a proxy", "DB_PROXY_IDLE_LIMIT_SECONDS")


def test_a_server_that_is_away_is_the_only_thing_said(tmp_path):
    url = f"mysql://app:secret@127.0.0.1:{free_port()}/students"
    outcome = start(tmp_path, url, DB_STRATEGY="timed", DB_RECYCLE_SECONDS=0)

    assert_one_line(outcome, "DATABASE_URL=", "no server answers there")
    assert "DB_RECYCLE_SECONDS" not in outcome[1]
