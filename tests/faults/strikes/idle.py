"""While idle: every thread has used its connection, then it strikes, then all ask at once."""

import time

from tests.faults import ledger
from tests.faults.packets import FAREWELL
from tests.faults.stage import Stage

PROBES = 3  # as many as app.db.transport asks of the kernel


def none(stage: Stage) -> None:
    """Steady traffic."""
    stage.warm()
    with stage.traffic():
        time.sleep(2)


def idle_timeout(stage: Stage) -> None:
    with stage.control.variables(wait_timeout=2):
        stage.warm()
        time.sleep(5)
        stage.burst()


def idle_proxy(stage: Stage) -> None:
    stage.warm()
    time.sleep(4)
    stage.burst()


def killed_idle(stage: Stage) -> None:
    stage.warm()
    stage.control.kill_sessions()
    stage.wait_for_no_flow()
    stage.burst()


def reset_idle(stage: Stage) -> None:
    stage.warm()
    stage.proxy.reset()
    stage.wait_for_no_flow()
    stage.burst()


def farewell(stage: Stage) -> None:
    stage.warm()
    stage.proxy.say(FAREWELL)
    stage.wait_for_no_flow()
    stage.burst()


def restart_idle(stage: Stage) -> None:
    stage.warm()
    stage.server.restart()
    stage.burst()


def forgotten_flow(stage: Stage) -> None:
    stage.warm()
    stage.firewall.forget(stage.flows(), stage.port)
    time.sleep(1)
    stage.burst()


def one_forgotten(stage: Stage) -> None:
    stage.warm()
    stage.firewall.forget(stage.flows()[:1], stage.port)
    # As many as there are connections, and each keeps one for a moment: so it is met.
    with stage.traffic(lambda: stage.client.read(sleep=0.05), clients=stage.variant.clients):
        time.sleep(3.5)


def forgotten_idle(stage: Stage) -> None:
    keepalive = int(str(stage.settings.get("DB_KEEPALIVE_SECONDS", 30)))
    stage.warm()
    stage.firewall.forget(stage.flows(), stage.port)
    time.sleep(keepalive + PROBES * max(1, keepalive // PROBES) + 1.5)
    stage.burst()


def reset_on_reuse(stage: Stage) -> None:
    stage.warm()
    stage.firewall.reset_at_next_packet(stage.flows(), stage.port)
    time.sleep(0.2)
    stage.burst()


def reply_lost(stage: Stage) -> None:
    stage.warm()
    stage.firewall.lose_answers(stage.flows(), stage.port)
    stage.burst()


def fork(stage: Stage) -> None:
    stage.burst()
    stage.burst()


def moved(stage: Stage) -> None:
    another = stage.lane.another_server
    ledger.create(another, stage.lane.url)
    stage.warm()
    stage.proxy.behavior.target = another.port
    stage.proxy.reset()
    stage.wait_for_no_flow()
    stage.burst()
