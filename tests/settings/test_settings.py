"""Settings: their sources, their validation and their documentation."""

import re

import pytest

from app.db.strategies import STRATEGIES
from app.db.url import DatabaseUrl
from app.settings import BadSettings, Settings, load_settings
from dev.settings_page import configuration_page, env_example
from tests.support.service import PROJECT, SECRET

REQUIRED = {"DATABASE_URL": "mysql://app:pw@db/database", "SECRET_KEY": SECRET}


@pytest.fixture
def environ(monkeypatch):
    """An environment with only the required settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_environment_overrides_the_file(environ, tmp_path):
    file = tmp_path / ".env"
    file.write_text("DB_STRATEGY=pooled\nPORT=9000\n")
    environ.setenv("DB_STRATEGY", "timed")

    settings = load_settings(str(file))

    assert (settings.db_strategy, settings.port) == ("timed", 9000)


def test_an_empty_variable_counts_as_unset(environ):
    environ.setenv("DB_POOL_SIZE", "")

    assert load_settings(None).pool_size == load_settings(None).threads


def test_settings_are_immutable(environ):
    with pytest.raises(ValueError, match="frozen"):
        load_settings(None).port = 1


def test_secrets_are_not_in_the_repr(environ):
    shown = repr(load_settings(None))

    assert SECRET not in shown
    assert "pw" not in shown


def test_the_token_for_metrics_is_optional_and_secret(environ):
    assert load_settings(None).metrics_token is None

    environ.setenv("METRICS_TOKEN", "0123456789abcdef" * 4)

    assert "0123456789abcdef" not in repr(load_settings(None))


@pytest.mark.parametrize("token", ["short-word", "two words " * 8, "é" * 40, "x" * 257])
def test_an_invalid_token_for_metrics_is_rejected_without_showing_it(token, environ):
    environ.setenv("METRICS_TOKEN", token)

    with pytest.raises(BadSettings, match="METRICS_TOKEN='…': use 32 to 256") as raised:
        load_settings(None)

    assert token not in str(raised.value)


def test_a_url_is_parsed_and_decoded():
    url = DatabaseUrl.parse("mysql://us%40er:p%2Fw@[::1]:3307/stu%20dents")

    assert (url.user, url.password, url.host) == ("us@er", "p/w", "::1")
    assert (url.port, url.name) == (3307, "stu dents")


def test_a_unix_socket_replaces_host_and_port():
    url = DatabaseUrl.parse("mysql://app:pw@/students?unix_socket=/run/mysqld.sock")

    assert url.unix_socket == "/run/mysqld.sock"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysq://app:secret-word@127.0.0.1/students", "mysql://user:password@host:port/name"),
        ("mysql://app:secret-word@127.0.0.1:port/students", "1 to 65535"),
        ("mysql://app:secret-word@127.0.0.1:99999/students", "1 to 65535"),
        ("mysql://app:secret-word@127.0.0.1", "the database name is missing"),
        ("mysql://127.0.0.1/students", "the user is missing"),
        ("mysql://app:secret-word@127.0.0.1/students?ssl=1", "unknown parameter 'ssl'"),
        ("mysql://app:secret-word@127.0.0.1/students?charset=latin1", "charset is always utf8mb4"),
        ("mysql://app:secret-word/1@127.0.0.1/students", "percent-encode special characters"),
        ("mysql://app:secret-word#1@127.0.0.1/students", "percent-encode special characters"),
        ("mysql://app:secret-word?1@127.0.0.1/students", "percent-encode special characters"),
        ("mysql://app:secret-word@1/2@127.0.0.1/students", "percent-encode special characters"),
        ("students", "mysql://user:password@host:port/name"),
    ],
)
def test_an_invalid_url_is_rejected_without_showing_its_password(url, message, environ):
    environ.setenv("DATABASE_URL", url)

    with pytest.raises(BadSettings, match=re.escape(message)) as caught:
        load_settings(None)
    assert str(caught.value).startswith("DATABASE_URL='")
    assert "secret-word" not in str(caught.value)


def test_a_url_may_name_the_charset_of_every_connection():
    given = "mysql://app:pw@db/database"

    assert DatabaseUrl.parse(f"{given}?charset=utf8mb4") == DatabaseUrl.parse(given)


def test_the_password_may_be_outside_of_the_url_without_encoding(environ, tmp_path):
    environ.setenv("DATABASE_URL", "mysql://app@db/database")
    environ.setenv("DATABASE_PASSWORD", "a/b#c?d@e%f")
    by_variable = load_settings(None)
    environ.delenv("DATABASE_PASSWORD")
    file = tmp_path / "secret"
    file.write_text("a/b#c?d@e%f\n")
    environ.setenv("DATABASE_PASSWORD_FILE", str(file))
    by_file = load_settings(None)

    for settings in (by_variable, by_file, by_file.for_migrations()):
        assert settings.database_config().url.password == "a/b#c?d@e%f"
        assert "a/b" not in repr(settings)


def test_a_password_that_is_set_twice_is_rejected_without_showing_it(environ):
    environ.setenv("DATABASE_PASSWORD", "secret-word")

    with pytest.raises(BadSettings) as caught:
        load_settings(None)

    assert str(caught.value) == (
        "the password in DATABASE_URL and DATABASE_PASSWORD are set: use one of them"
    )


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file"), (b"\n", "is empty")])
def test_a_password_file_that_cannot_be_used_is_named(content, reason, environ, tmp_path):
    environ.setenv("DATABASE_URL", "mysql://app@db/database")
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    environ.setenv("DATABASE_PASSWORD_FILE", str(file))

    with pytest.raises(BadSettings, match=rf"DATABASE_PASSWORD_FILE='{file}': .*{reason}"):
        load_settings(None)


@pytest.mark.parametrize(
    ("variable", "value", "meaning"),
    [
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("LOG_FORMAT", "Console", "console"),
        ("DB_DRIVER", "PyMySQL", "pymysql"),
        ("DB_SSL_MODE", "required", "REQUIRED"),
    ],
)
def test_choices_ignore_case(variable, value, meaning, environ):
    environ.setenv(variable, value)

    assert getattr(load_settings(None), variable.lower()) == meaning


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("PORT", "99999", "1 to 65535"),
        ("THREADS", "many", "integer"),
        ("WEB_CONCURRENCY", "0", "1 to 256"),
        ("DB_POOL_TIMEOUT_SECONDS", "0", "use 0.001 to 300"),
        ("DB_PING_AFTER_IDLE_SECONDS", "-1", "use 0.001 to 86400"),
        ("DB_PING_AFTER_IDLE_SECONDS", "0", "use 0.001 to 86400"),
        ("DB_CONNECT_TIMEOUT_SECONDS", "nan", "use 0.001 to 300"),
        ("DB_PRE_PING", "perhaps", "boolean"),
        ("DB_DRIVER", "mysqldb", "'pymysql' or 'mysqlclient'"),
        ("DB_SSL_MODE", "ON", "'REQUIRED'"),
        ("RATE_LIMIT", "many", "such as 600/minute"),
        ("RATE_LIMIT", "0/minute", "such as 600/minute"),
        ("RATE_LIMIT", "5/minute;9/hour", "such as 600/minute"),
        ("SIGN_IN_RATE_LIMIT", "10", "such as 600/minute"),
        ("SUCCESSFUL_SIGN_IN_RATE_LIMIT", "10", "such as 600/minute"),
        ("REFRESH_TOKEN_SECONDS", "1", "60 to 31536000"),
        ("TRUSTED_PROXIES", "-1", "0 to 10"),
        ("RATE_LIMIT_STORAGE_URL", "memcached://127.0.0.1", "redis://"),
    ],
)
def test_an_invalid_value_is_named(variable, value, message, environ):
    environ.setenv(variable, value)

    with pytest.raises(BadSettings, match=re.escape(message)) as caught:
        load_settings(None)
    assert str(caught.value).startswith(f"{variable}='{value}': use ")


def test_the_password_of_an_invalid_redis_url_is_not_shown(environ):
    environ.setenv("RATE_LIMIT_STORAGE_URL", "reddis://:secret-word@127.0.0.1:6379/0")

    with pytest.raises(BadSettings, match=r"^RATE_LIMIT_STORAGE_URL='reddis://…@") as caught:
        load_settings(None)
    assert "secret-word" not in str(caught.value)


def test_keepalive_probes_at_or_above_the_proxy_limit_are_rejected(environ):
    environ.setenv("DB_PROXY_IDLE_LIMIT_SECONDS", "60")
    environ.setenv("DB_KEEPALIVE_SECONDS", "60")

    with pytest.raises(BadSettings, match=r"DB_KEEPALIVE_SECONDS=60: use less than .*60 s"):
        load_settings(None)


def test_the_generated_files_are_up_to_date():
    assert (PROJECT / "docs/configuration.md").read_text() == configuration_page()
    assert (PROJECT / ".env.example").read_text() == env_example()


def test_the_example_file_is_valid_once_the_required_settings_are_set(environ):
    environ.setenv("DATABASE_URL", REQUIRED["DATABASE_URL"])

    assert load_settings(str(PROJECT / ".env.example")).db_strategy == "adaptive"


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_is_listed_in_the_readme_and_described(name):
    assert f"`{name}`" in (PROJECT / "README.md").read_text()
    assert f"## `{name}`" in (PROJECT / "docs/connections.md").read_text()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://app@corp:secret-word@127.0.0.1",
        "app:secret-word@127.0.0.1/students",
        "mysql:app:secret-word@127.0.0.1/students",
        "mysql://a/b:secret-word@127.0.0.1/students",
        "mysql://app:secret-word/students",
        "mysql://app:secret-word",
    ],
)
@pytest.mark.parametrize("variable", ["DATABASE_URL", "MIGRATION_DATABASE_URL"])
def test_the_password_of_a_malformed_url_is_not_shown(variable, url, environ):
    environ.setenv(variable, url)

    with pytest.raises(BadSettings) as caught:
        load_settings(None)
    assert "secret-word" not in str(caught.value)
