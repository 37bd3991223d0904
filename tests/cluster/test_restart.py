"""All nodes are killed at the same time and started again."""

import pytest

pytestmark = pytest.mark.nightly


def test_nodes_that_were_killed_continue_their_cluster(galera):
    before = {node.status()["wsrep_cluster_state_uuid"] for node in galera.nodes.values()}
    for node in galera.nodes.values():
        node.kill()

    galera.start_nodes()

    after = {node.status()["wsrep_cluster_state_uuid"] for node in galera.nodes.values()}
    assert after == before
