"""Promises of `adaptive` that are timed or counted, on a machine that does nothing else."""

import time

from tests.faults.behavior import Trap
from tests.faults.cell import percentile
from tests.faults.flows import established
from tests.faults.load import at_once, traffic
from tests.support.database import opened

READS_EACH = 5
KEYED_WRITES = 500
CLIENTS = 10


def test_steady_use_costs_no_ping_and_no_extra_round_trip(stage):
    stage.warm()
    pings, first, questions = (
        stage.control.status(name) for name in ("Com_admin_commands", "Questions", "Questions")
    )
    to_ask = questions - first

    at_once(stage.client.read, threads=16, each=READS_EACH)

    assert stage.control.status("Questions") - questions == 16 * READS_EACH + to_ask
    assert stage.control.status("Com_admin_commands") == pings


def test_a_flow_forgotten_until_keepalive_noticed_costs_50_ms(lane):
    with opened(lane.url, db_keepalive_seconds=1) as db:
        db.fetch_one("SELECT 1")
        lane.firewall.forget(established(lane.server.port), lane.server.port)
        time.sleep(5)

        started = time.monotonic()
        db.fetch_one("SELECT 1")

        assert time.monotonic() - started < 0.05
    lane.firewall.lift()


def test_one_flow_in_a_black_hole_does_not_delay_the_others(stage):
    stage.warm()
    usual = reads_of(stage, seconds=3)
    lost, *_ = stage.flows()
    stage.firewall.forget([lost], stage.port)
    lately = reads_of(stage, seconds=3)

    assert all(answer.is_good for answer in lately)
    # The one that met the black hole, and its replay, are not the others.
    others = sorted(answer.seconds for answer in lately)[:-1]
    assert percentile(others, 99) < max(2 * p99(usual), 0.05)


def test_500_writes_with_keys_are_stored_exactly_once(behind_proxy):
    stage = behind_proxy
    stage.warm()
    stage.proxy.behavior.traps = [Trap(b"COMMIT", "cut", chance=0.1)]
    with stage.meanwhile(
        lambda: at_once(
            lambda: stage.client.write_with_key(pause=0.02),
            threads=CLIENTS,
            each=KEYED_WRITES // CLIENTS,
        )
    ):
        for _ in range(6):
            time.sleep(0.3)
            stage.control.kill_sessions()

    assert list(stage.client.told.values()) == ["stored"] * KEYED_WRITES
    assert str(stage.balance()) == "right"


def test_a_write_without_a_key_is_never_reported_wrongly(behind_proxy):
    stage = behind_proxy
    stage.warm()
    stage.proxy.behavior.traps = [Trap(b"COMMIT", "cut", chance=0.3)]
    with traffic(stage.client, mix=[stage.client.write]):
        time.sleep(2)

    assert {answer.label for answer in stage.client.answers} == {"201", "503 outcome-unknown"}
    assert str(stage.balance()) == "right"


def reads_of(stage, *, seconds):
    """Answers to reads of six clients."""
    already = len(stage.client.answers)
    with traffic(stage.client, clients=6, pause_seconds=0.01, mix=[stage.client.read]):
        time.sleep(seconds)
    return stage.client.answers[already:]


def p99(answers):
    return percentile(sorted(answer.seconds for answer in answers), 99)
