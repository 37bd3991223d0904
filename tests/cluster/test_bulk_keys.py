"""Addresses that are stored together, while the number of nodes changes."""

import pytest

from app.resources.addresses import queries as addresses
from app.resources.students import queries as students
from tests.cluster.racing import looking
from tests.support.api import ADDRESS
from tests.support.database import opened

pytestmark = pytest.mark.nightly


def people(name, count=4):
    return [
        {
            "campus_id": 1,
            "first_name": "B",
            "last_name": "Bulk",
            "active": True,
            "email": f"{name}{number}@example.edu",
            "address": {**ADDRESS, "address": f"{name}{number}"},
        }
        for number in range(count)
    ]


@pytest.fixture
def third_node_restarted(galera):
    yield galera.nodes[3]
    galera.nodes[3].start()


def test_students_keep_their_addresses_if_a_node_leaves_between_the_statements(
    galera, third_node_restarted, monkeypatch
):
    """The keys of others lie between those of the addresses, and the step of the keys changes."""
    insert_addresses = addresses._insert_many
    steps = []

    with opened(galera.node_url(1)) as one, opened(galera.node_url(2)) as two:

        def insert_and_lose_a_node(tx, new, first_version):
            first_key = insert_addresses(tx, new, first_version)
            steps.append(tx.fetch_one("SELECT @@auto_increment_increment AS step")["step"])
            if len(steps) == 1:
                monkeypatch.setattr(addresses, "_insert_many", insert_addresses)
                two.run_transaction(lambda tx: students.insert_many(tx, people("other-", 8)))
                monkeypatch.setattr(addresses, "_insert_many", insert_and_lose_a_node)
                third_node_restarted.stop()
                while (step := step_of(tx)) == steps[0]:
                    pass
                steps.append(step)
            return first_key

        monkeypatch.setattr(addresses, "_insert_many", insert_and_lose_a_node)
        one.run_transaction(lambda tx: students.insert_many(tx, people("mine-")))

    assert steps[:2] == [3, 2]
    with looking(galera) as look:
        pairs = look(
            "SELECT email, address FROM student JOIN address USING (address_id)"
            " WHERE last_name = 'Bulk'"
        )
    assert len(pairs) == 12
    assert {email.removesuffix("@example.edu") == address for email, address in pairs} == {True}


def step_of(tx):
    return tx.fetch_one("SELECT @@auto_increment_increment AS step")["step"]
