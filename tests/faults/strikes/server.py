"""Under load: the server is away, full, read-only, hung, or does not let anybody in."""

import time
from contextlib import ExitStack, closing

from tests.faults.stage import Stage


def restart_load(stage: Stage) -> None:
    stage.warm()
    with stage.traffic():
        time.sleep(0.7)
        stage.server.restart()
        stage.heal()
        time.sleep(1.5)


def crash(stage: Stage) -> None:
    stage.warm()
    with stage.traffic():
        time.sleep(0.7)
        stage.server.kill()
        time.sleep(3)
        stage.server.start()
        stage.heal()
        time.sleep(1.5)


def refused(stage: Stage) -> None:
    stage.warm()
    stage.server.stop()
    with stage.traffic():
        time.sleep(1.5)
    stage.server.start()


def unreachable(stage: Stage) -> None:
    stage.warm()
    stage.control.kill_sessions()
    stage.firewall.make_unreachable(stage.server.port)
    with stage.traffic():
        time.sleep(1.5)
    stage.firewall.lift()


def unresolved(stage: Stage) -> None:
    with stage.traffic():
        time.sleep(1.5)


def too_many(stage: Stage) -> None:
    stage.warm()
    stage.control.kill_sessions()
    stage.control.wait_for_sessions(0)
    with stage.control.variables(max_connections=10), ExitStack() as others:
        for _ in range(8):
            others.enter_context(closing(stage.server.connect()))
        with stage.traffic():
            time.sleep(1.5)
        others.close()


def too_many_of_user(stage: Stage) -> None:
    stage.warm()
    with stage.control.variables(max_user_connections=3):
        stage.control.kill_sessions()
        with stage.traffic():
            time.sleep(1.5)


def read_only(stage: Stage) -> None:
    stage.warm()
    with stage.traffic():
        time.sleep(0.5)
        with stage.control.variables(read_only=1):
            time.sleep(1)
        stage.heal()
        time.sleep(0.7)


def frozen(stage: Stage) -> None:
    stage.warm()
    with stage.traffic():
        time.sleep(0.5)
        with stage.control.paused():
            time.sleep(5)
        stage.heal()
        time.sleep(1)


def deaf(stage: Stage) -> None:
    stage.warm()
    stage.proxy.behavior.door = "deaf"
    stage.proxy.reset()
    with stage.traffic():
        time.sleep(4.5)
    stage.proxy.behavior.door = "open"


def drip(stage: Stage) -> None:
    stage.warm()
    stage.proxy.behavior.door = "drip"
    stage.proxy.reset()
    with stage.traffic():
        time.sleep(4.5)
    stage.proxy.behavior.door = "open"


def password(stage: Stage) -> None:
    stage.warm()
    with stage.control.password_changed():
        stage.control.kill_sessions()
        with stage.traffic():
            time.sleep(1.5)
