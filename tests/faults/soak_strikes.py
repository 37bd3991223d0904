"""The faults of a soak: each strikes once, and leaves all well after a second or three."""

import time
from collections.abc import Callable

from tests.faults.behavior import Door, Trap
from tests.faults.packets import FAREWELL
from tests.faults.stage import Stage

Strike = Callable[[Stage], object]


def _trapped(trap: Trap) -> Strike:
    def strike(stage: Stage) -> None:
        stage.proxy.behavior.traps = [trap]
        time.sleep(1)
        stage.proxy.behavior.traps = []

    return strike


def _at_the_door(door: Door) -> Strike:
    def strike(stage: Stage) -> None:
        stage.proxy.behavior.door = door
        stage.proxy.reset()
        time.sleep(2)
        stage.proxy.behavior.door = "open"

    return strike


def _with_variables(**values: object) -> Strike:
    def strike(stage: Stage) -> None:
        with stage.control.variables(**values):
            stage.control.kill_sessions()
            time.sleep(1)

    return strike


def _in_a_black_hole(stage: Stage) -> None:
    stage.firewall.forget(stage.flows(), stage.port)
    time.sleep(3)
    stage.firewall.lift()


def _reset_on_reuse(stage: Stage) -> None:
    stage.firewall.reset_at_next_packet(stage.flows(), stage.port)
    time.sleep(1)
    stage.firewall.lift()


def _answers_lost(stage: Stage) -> None:
    stage.firewall.lose_answers(stage.flows(), stage.port)
    time.sleep(3)
    stage.firewall.lift()


def _crash(stage: Stage) -> None:
    stage.server.kill()
    time.sleep(1)
    stage.server.start()


def _frozen(stage: Stage) -> None:
    with stage.control.paused():
        time.sleep(2)


STRIKES: dict[str, Strike] = {
    "killed": lambda stage: stage.control.kill_sessions(),
    "query-killed": lambda stage: stage.control.kill_sessions(query_only=True),
    "reset": lambda stage: stage.proxy.reset(),
    "hung-up": lambda stage: stage.proxy.hang_up(),
    "farewell": lambda stage: stage.proxy.say(FAREWELL),
    "forgotten": _in_a_black_hole,
    "reset-on-reuse": _reset_on_reuse,
    "reply-lost": _answers_lost,
    "commit-cut": _trapped(Trap(b"COMMIT", "cut", chance=0.2)),
    "reply-cut": _trapped(Trap(b"AS nonce", "cut", chance=0.1)),
    "statement-dropped": _trapped(Trap(b"INSERT", "drop", chance=0.2)),
    "restart": lambda stage: stage.server.restart(),
    "crash": _crash,
    "frozen": _frozen,
    "deaf": _at_the_door("deaf"),
    "drip": _at_the_door("drip"),
    "refusing": _at_the_door("refusing"),
    "too-many-of-user": _with_variables(max_user_connections=3),
    "read-only": _with_variables(read_only=1),
}


def be_well(stage: Stage) -> None:
    """Undo whatever a strike may have left."""
    stage.proxy.behavior.door = "open"
    stage.proxy.behavior.traps = []
    stage.lane.heal()
