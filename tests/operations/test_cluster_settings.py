"""Which settings of a cluster `flask doctor` names; the state of real nodes is in test_galera."""

import pytest

from app.operations.cluster.galera import _seconds
from app.operations.cluster.group_replication import SETTINGS
from app.operations.cluster.variables import settings_finding

pytestmark = pytest.mark.server_independent

# The defaults of MySQL 9.7, and what the doctor recommends.
DEFAULTS = {
    "group_replication_single_primary_mode": "ON",
    "group_replication_unreachable_majority_timeout": "0",
    "group_replication_exit_state_action": "OFFLINE_MODE",
    "group_replication_consistency": "BEFORE_ON_PRIMARY_FAILOVER",
}
RECOMMENDED = {**DEFAULTS, "group_replication_unreachable_majority_timeout": "5"}


def remedy(variables):
    return settings_finding("Group Replication", SETTINGS, variables).remedy


def test_the_recommended_settings_of_a_group_have_no_remedy():
    assert remedy(RECOMMENDED) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("group_replication_single_primary_mode", "OFF"),
        ("group_replication_unreachable_majority_timeout", "0"),
        ("group_replication_exit_state_action", "READ_ONLY"),
        ("group_replication_consistency", "EVENTUAL"),
    ],
)
def test_each_unsuitable_setting_of_a_group_is_named(name, value):
    found = remedy({**RECOMMENDED, name: value})

    assert name in found
    assert found.count("set group_replication") == 1


def test_unknown_variables_are_left_out():
    variables = {**RECOMMENDED}
    del variables["group_replication_consistency"]

    finding = settings_finding("Group Replication", SETTINGS, variables)
    assert (finding.remedy, "consistency" in finding.observed) == ("", False)


@pytest.mark.parametrize(
    ("period", "seconds"),
    [("pt30s", 30), ("PT0.5S", 0.5), ("pt1m30s", 90), ("PT1H", 3600), ("", 0), ("unknown", 0)],
)
def test_the_periods_of_galera_are_read(period, seconds):
    assert _seconds(period) == seconds
