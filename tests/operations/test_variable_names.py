"""Variables that look like settings but are not."""

import pytest

from app.operations.variable_names import warnings_for
from app.settings import Settings


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("DB_POOLSIZE", "DB_POOL_SIZE"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("db_stategy", "DB_STRATEGY"),
        ("THREAD", "THREADS"),
    ],
)
def test_a_warning_names_the_setting_that_was_probably_meant(name, setting):
    (warning,) = warnings_for([name])

    assert name.upper() in warning
    assert f"did you mean {setting}?" in warning


def test_an_unknown_name_with_the_prefix_of_the_database_settings_is_a_warning():
    (warning,) = warnings_for(["DB_MAX_CONNECTIONS"])

    assert "DB_MAX_CONNECTIONS" in warning


@pytest.mark.parametrize(
    "name", ["PATH", "HOME", "HOSTNAME", "LOGNAME", "MYSQL_PASSWORD", "OTEL_SERVICE_NAME", "PORTAL"]
)
def test_a_variable_of_another_program_is_not_a_warning(name):
    assert list(warnings_for([name])) == []


def test_a_setting_is_not_a_warning():
    assert list(warnings_for(Settings.model_fields)) == []
