"""`DatabaseConfig`: each invalid value is named, and the settings of the service agree with it."""

from dataclasses import MISSING, fields

import pytest

from app.db import ConfigError, Database, DatabaseConfig, DatabaseUrl
from app.db.config import CHOICES, LIMITS
from app.settings import Settings
from tests.support.database import settings_for

URL = "mysql://app:secret@127.0.0.1/students"
DEFAULTS = {field.name: field.default for field in fields(DatabaseConfig)}
# These do not come from one setting: see `Settings.database_config`.
WITHOUT_SETTING = {"url", "read_url", "max_waiting", "stateless_procedures"}
# The service has the table that it needs; another project has to create it.
DIFFERENT_DEFAULTS = {"commit_tokens": True}
SETTINGS = {name: f"db_{name}" for name in DEFAULTS if name not in WITHOUT_SETTING}


def config(**values):
    return DatabaseConfig(url=DatabaseUrl.parse(URL), **values)


def rejected(**values):
    with pytest.raises(ConfigError) as caught:
        config(**values)
    return caught.value


def outside_limits():
    """The nearest values below and above each range."""
    for name, (low, high) in LIMITS.items():
        yield name, low - 1
        yield name, high + 1


@pytest.mark.parametrize(("name", "value"), list(outside_limits()))
def test_a_number_outside_its_limits_is_rejected(name, value):
    error = rejected(**{name: value})

    low, high = LIMITS[name]
    assert (error.field, error.value, error.allowed) == (name, value, f"use {low:g} to {high:g}")
    assert str(error) == f"{name}={value!r}: use {low:g} to {high:g}"


# A keepalive time is accepted only below the limit of the proxy.
BESIDES = {"proxy_idle_limit_seconds": {"keepalive_seconds": 1}}


@pytest.mark.parametrize("end", [0, 1], ids=["lowest", "highest"])
@pytest.mark.parametrize("name", LIMITS)
def test_both_limits_are_accepted(name, end):
    value = LIMITS[name][end]

    assert getattr(config(**{name: value}, **BESIDES.get(name, {})), name) == value


@pytest.mark.parametrize("value", ["5", float("nan"), [], True])
@pytest.mark.parametrize("name", LIMITS)
def test_a_value_that_is_not_a_number_is_rejected(name, value):
    error = rejected(**{name: value})

    assert error.field == name
    assert error.allowed.startswith("use ")


@pytest.mark.parametrize("name", LIMITS)
def test_none_is_accepted_only_where_it_is_the_default(name):
    if DEFAULTS[name] is None:
        config(**{name: None})
    else:
        assert rejected(**{name: None}).field == name


@pytest.mark.parametrize(
    "name", ["pool_size", "max_waiting", "lock_timeout_seconds", "keepalive_seconds"]
)
def test_a_fraction_is_rejected_for_an_integer(name):
    assert rejected(**{name: 2.5}).field == name


@pytest.mark.parametrize("name", CHOICES)
def test_a_value_that_is_not_a_choice_is_rejected(name):
    error = rejected(**{name: "nothing"})

    assert (error.field, error.value) == (name, "nothing")
    assert error.allowed == f"use one of {', '.join(CHOICES[name])}"


def test_a_keepalive_time_at_or_above_the_proxy_s_limit_is_rejected():
    error = rejected(keepalive_seconds=60, proxy_idle_limit_seconds=60)

    assert (error.field, error.value) == ("keepalive_seconds", 60)
    assert "use less than the proxy idle limit" in error.allowed
    assert config(keepalive_seconds=59, proxy_idle_limit_seconds=60)


def test_a_url_that_was_not_parsed_is_rejected_without_its_password():
    with pytest.raises(ConfigError) as caught:
        DatabaseConfig(url=URL)

    assert caught.value.field == "url"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("postgres://app:secret@127.0.0.1/students", "use mysql://user:password@host:port/name"),
        ("mysql://app:secret@127.0.0.1", "the database name is missing"),
        ("mysql://app:secret@127.0.0.1/students?ssl=1", "unknown parameter 'ssl'"),
    ],
)
def test_an_invalid_url_is_rejected_without_its_password(url, allowed):
    with pytest.raises(ConfigError) as caught:
        Database.from_url(url)

    assert caught.value.field == "url"
    assert allowed in caught.value.allowed
    assert "secret" not in str(caught.value)


def test_the_url_accepts_options_of_the_configuration():
    database = Database.from_url(URL, strategy="pooled", pool_size=2)

    assert database.statistics()["opened"] == 0
    with pytest.raises(ConfigError, match="pool_size=0: use 1 to 1024"):
        Database.from_url(URL, pool_size=0)


@pytest.mark.parametrize("name", [name for name in LIMITS if name not in WITHOUT_SETTING])
def test_the_limits_are_those_of_the_setting(name):
    metadata = Settings.model_fields[SETTINGS[name]].metadata

    low = next(it.ge for it in metadata if hasattr(it, "ge"))
    high = next(it.le for it in metadata if hasattr(it, "le"))

    assert (low, high) == LIMITS[name]


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "pool_size"])
def test_the_default_is_that_of_the_setting(name):
    assert DEFAULTS[name] is not MISSING
    expected = DIFFERENT_DEFAULTS.get(name, DEFAULTS[name])
    assert Settings.model_fields[SETTINGS[name]].default == expected


def test_the_default_pool_size_is_the_default_number_of_threads():
    assert settings_for(URL).database_config().pool_size == DEFAULTS["pool_size"]


def test_every_database_setting_has_a_field_of_the_configuration():
    settings = {name for name in Settings.model_fields if name.startswith("db_")}

    assert settings == set(SETTINGS.values())
