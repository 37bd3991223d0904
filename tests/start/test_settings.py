"""Where settings come from, and that none is forgotten in the documents."""

import pytest

from app.database_url import DatabaseUrl
from app.db.strategies import STRATEGIES
from app.settings import BadSettings, Settings, load_settings
from dev.settings_page import configuration_page, env_example
from tests.support.service import PROJECT, SECRET

REQUIRED = {"DATABASE_URL": "mysql://app:pw@db/students", "SECRET_KEY": SECRET}


@pytest.fixture
def environ(monkeypatch):
    """An environment with the required settings and no other."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_environment_wins_over_the_file(environ, tmp_path):
    file = tmp_path / ".env"
    file.write_text("DB_STRATEGY=pooled\nPORT=9000\n")
    environ.setenv("DB_STRATEGY", "timed")

    settings = load_settings(str(file))

    assert (settings.db_strategy, settings.port) == ("timed", 9000)


def test_an_empty_variable_counts_as_not_set(environ):
    environ.setenv("DB_POOL_SIZE", "")

    assert load_settings(None).pool_size == load_settings(None).threads


def test_settings_cannot_be_changed(environ):
    with pytest.raises(ValueError, match="frozen"):
        load_settings(None).port = 1


def test_a_secret_is_not_shown(environ):
    shown = repr(load_settings(None))

    assert SECRET not in shown
    assert "pw" not in shown


def test_a_url_is_taken_apart():
    url = DatabaseUrl.parse("mysql://us%40er:p%2Fw@[::1]:3307/stu%20dents")

    assert (url.user, url.password, url.host) == ("us@er", "p/w", "::1")
    assert (url.port, url.name) == (3307, "stu dents")


def test_a_socket_replaces_host_and_port():
    url = DatabaseUrl.parse("mysql://app:pw@/students?unix_socket=/run/mysqld.sock")

    assert url.unix_socket == "/run/mysqld.sock"


def test_a_bad_value_is_refused_and_never_replaced(environ):
    environ.setenv("THREADS", "1025")

    with pytest.raises(BadSettings, match="THREADS='1025': use 1 to 1024"):
        load_settings(None)


def test_the_page_and_the_example_are_what_the_declarations_say():
    assert (PROJECT / "docs/configuration.md").read_text() == configuration_page()
    assert (PROJECT / ".env.example").read_text() == env_example()


def test_the_example_file_is_a_valid_file_once_the_secrets_are_filled_in(environ):
    environ.setenv("DATABASE_URL", REQUIRED["DATABASE_URL"])

    assert load_settings(str(PROJECT / ".env.example")).db_strategy == "adaptive"


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_is_in_the_readme_and_explained(name):
    assert f"`{name}`" in (PROJECT / "README.md").read_text()
    assert f"## `{name}`" in (PROJECT / "docs/connections.md").read_text()
