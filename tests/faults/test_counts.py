"""Promises of `adaptive` that are counted at the server, while nothing else asks it."""

import time

from tests.faults.behavior import Trap
from tests.faults.load import at_once, traffic
from tests.faults.variants import VARIANTS

READS_EACH = 5
STATEMENTS_TO_OPEN = 2  # the session's settings, and what the server calls it
STATEMENTS_TO_ASK = 6  # two connections, each with two settings and one question
CLIENTS = VARIANTS["adaptive"].clients


def test_steady_use_costs_no_ping_and_no_extra_round_trip(stage):
    stage.warm()
    before = figures(stage)
    at_once(stage.client.read, threads=CLIENTS, each=READS_EACH)
    used = {name: after - before[name] for name, after in figures(stage).items()}

    # `warm` may have left a worker with a connection less than it has threads.
    to_open = used["opened"] * STATEMENTS_TO_OPEN
    assert used["Questions"] == CLIENTS * READS_EACH + to_open + STATEMENTS_TO_ASK
    assert used["Com_admin_commands"] == 0


def figures(stage):
    counted = {name: stage.control.status(name) for name in ("Com_admin_commands", "Questions")}
    return {**counted, "opened": stage.statistics()["opened"]}


def test_a_write_without_a_key_is_never_reported_wrongly(behind_proxy):
    stage = behind_proxy
    stage.warm()
    stage.proxy.behavior.traps = [Trap(b"COMMIT", "cut", chance=0.3)]
    with traffic(stage.client, mix=[stage.client.write]):
        while len(stage.client.answers) < 200:
            time.sleep(0.05)

    assert {answer.label for answer in stage.client.answers} == {"201", "503 outcome-unknown"}
    assert str(stage.balance()) == "right"


def test_the_sessions_that_are_killed_are_those_of_the_service(stage):
    stage.warm()
    held, flows = stage.statistics()["idle"], len(stage.flows())

    assert stage.control.kill_sessions() == held == flows > 0
