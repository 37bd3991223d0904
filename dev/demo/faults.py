"""The faults that the demo injects into the connections of every copy at the same time."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pymysql

from dev.faults.firewall import client_ports

if TYPE_CHECKING:
    from dev.demo.stage import Stage

WAIT_TIMEOUT_SECONDS = 2
IDLE_SECONDS = 3.5
RESTART_SECONDS = 3
DROP_SECONDS = 4  # longer than the default of DB_TCP_USER_TIMEOUT_SECONDS


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault; `strike` returns when it is over."""

    name: str
    description: str
    strike: "Callable[[Stage], None]"
    needs_firewall: bool = False


def _idle(stage: "Stage") -> None:
    with stage.traffic.paused():
        time.sleep(IDLE_SECONDS)


def _kill(stage: "Stage") -> None:
    with stage.server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM information_schema.processlist WHERE user = %s", (stage.user,)
        )
        for (session,) in cursor.fetchall():
            with suppress(pymysql.err.OperationalError):  # 1094: it has already ended
                cursor.execute(f"KILL CONNECTION {session}")


def _restart(stage: "Stage") -> None:
    starts_at = time.monotonic() + RESTART_SECONDS
    stage.server.stop()
    time.sleep(max(0.0, starts_at - time.monotonic()))
    stage.server.start()


def _reset(stage: "Stage") -> None:
    stage.proxy.reset_connections()


def _drop(stage: "Stage") -> None:
    assert stage.firewall is not None
    stage.firewall.drop(client_ports(stage.proxy.port), stage.proxy.port)
    try:
        time.sleep(DROP_SECONDS)
    finally:
        stage.firewall.clear()


FAULTS = {
    fault.name: fault
    for fault in (
        Fault(
            "idle",
            f"no requests for {IDLE_SECONDS:g} s; wait_timeout is {WAIT_TIMEOUT_SECONDS} s",
            _idle,
        ),
        Fault("kill", "KILL of every connection", _kill),
        Fault("restart", f"restart of the database server, down for {RESTART_SECONDS} s", _restart),
        Fault("reset", "TCP reset of every connection by a proxy", _reset),
        Fault(
            "drop",
            "a firewall silently drops the packets of every connection",
            _drop,
            needs_firewall=True,
        ),
    )
}


def sequence(faults: Sequence[Fault], seed: int) -> Iterator[Fault]:
    """Yield the faults round after round, each round in a random order that the seed selects."""
    generator = random.Random(seed)
    while True:
        yield from generator.sample(faults, len(faults))
