"""All nodes are killed at the same time and started again."""

import pytest

pytestmark = pytest.mark.nightly


def test_nodes_that_were_killed_continue_their_cluster_without_copying_all_data(galera):
    before = {node.status()["wsrep_cluster_state_uuid"] for node in galera.nodes.values()}
    logs = [node.log.stat().st_size for node in galera.nodes.values()]
    for node in galera.nodes.values():
        node.kill()

    galera.start_nodes()

    after = {node.status()["wsrep_cluster_state_uuid"] for node in galera.nodes.values()}
    assert after == before
    for node, size in zip(galera.nodes.values(), logs, strict=True):
        assert b"rsync SST started" not in node.log.read_bytes()[size:]
