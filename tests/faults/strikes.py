"""The faults themselves, each a few lines: what is warmed up, what strikes, what is counted."""

import time
from contextlib import ExitStack, closing

from tests.faults import ledger
from tests.faults.behavior import Trap
from tests.faults.packets import FAREWELL
from tests.faults.stage import Stage

PROBES = 3  # as many as app.db.flow asks of the kernel


def none(stage: Stage) -> None:
    """Steady traffic."""
    stage.warm()
    with stage.traffic():
        time.sleep(2)


# While idle: every thread has used its connection, then it strikes, then all ask at once.


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
    stage.burst()


def reset_idle(stage: Stage) -> None:
    stage.warm()
    stage.proxy.reset()
    time.sleep(0.1)
    stage.burst()


def farewell(stage: Stage) -> None:
    stage.warm()
    stage.proxy.say(FAREWELL)
    time.sleep(0.1)
    stage.burst()


def restart_idle(stage: Stage) -> None:
    stage.warm()
    stage.server.restart()
    stage.burst()


def forgotten_flow(stage: Stage) -> None:
    stage.warm()
    stage.firewall.forget(stage.flows(), stage.server.port)
    time.sleep(1)
    stage.burst()


def forgotten_idle(stage: Stage) -> None:
    keepalive = int(str(stage.settings.get("DB_KEEPALIVE_SECONDS", 30)))
    stage.warm()
    stage.firewall.forget(stage.flows(), stage.server.port)
    time.sleep(keepalive + PROBES * max(1, keepalive // PROBES) + 1.5)
    stage.burst()


def reset_on_reuse(stage: Stage) -> None:
    stage.warm()
    stage.firewall.reset_at_next_packet(stage.flows(), stage.server.port)
    time.sleep(0.2)
    stage.burst()


def reply_lost(stage: Stage) -> None:
    stage.warm()
    stage.firewall.lose_answers(stage.flows(), stage.server.port)
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
    time.sleep(0.1)
    stage.burst()


# In the middle of a statement or of a unit.


def forgotten_mid_query(stage: Stage) -> None:
    stage.warm()
    with stage.meanwhile(*[lambda: stage.client.read(sleep=1.5)] * 4):
        time.sleep(0.7)
        stage.firewall.forget(stage.flows(), stage.server.port)


def reply_cut(stage: Stage) -> None:
    stage.warm()
    stage.proxy.behavior.traps = [Trap(b"AS nonce", "cut", chance=0.1, times=10)]
    with stage.traffic(stage.client.read):
        time.sleep(2)


def ghost_write(stage: Stage) -> None:
    stage.warm()
    with stage.meanwhile(*[lambda: stage.client.write(pause=0.6)] * 4):
        time.sleep(0.3)
        stage.firewall.forget(stage.flows(), stage.server.port)
        time.sleep(2.3)
        stage.firewall.lift()
    time.sleep(6)


def orphan_lock(stage: Stage) -> None:
    with stage.control.variables(innodb_lock_wait_timeout=5):
        stage.warm()
        with stage.meanwhile(lambda: stage.client.write(rows=[1, 2], pause=0.6)):
            time.sleep(0.3)
            stage.firewall.forget(stage.flows(), stage.server.port)


def killed_in_transaction(stage: Stage) -> None:
    stage.warm()
    client = stage.client
    with stage.traffic(lambda: client.write(pause=0.1), lambda: client.write_with_key(pause=0.1)):
        for _ in range(6):
            time.sleep(0.4)
            stage.control.kill_sessions()


def commit_cut(stage: Stage) -> None:
    stage.warm()
    stage.proxy.behavior.traps = [Trap(b"COMMIT", "cut", chance=0.2)]
    with stage.traffic(stage.client.write, stage.client.write_with_key):
        time.sleep(2.5)
    stage.proxy.behavior.traps = []


def deadlock(stage: Stage) -> None:
    stage.warm()
    crosswise = [
        lambda rows=rows: stage.client.write(rows=rows, pause=0.3)
        for rows in ([1, 2], [2, 1], [3, 4], [4, 3])
    ]
    with stage.meanwhile(*crosswise):
        pass


def lock_timeout(stage: Stage) -> None:
    with stage.control.variables(innodb_lock_wait_timeout=1):
        stage.control.kill_sessions()
        stage.warm()
        with closing(stage.server.connect(stage.lane.url)) as other, other.cursor() as cursor:
            other.begin()
            cursor.execute("UPDATE counter SET touched = 0 WHERE counter_id = 1")
            with stage.meanwhile(lambda: stage.client.write(rows=[1])):
                time.sleep(1.5)
                other.rollback()


def query_killed(stage: Stage) -> None:
    stage.warm()
    with stage.meanwhile(*[lambda: stage.client.read(sleep=2)] * min(4, stage.variant.clients)):
        time.sleep(0.7)
        stage.control.kill_sessions(query_only=True)


def statement_timeout(stage: Stage) -> None:
    if stage.lane.place.flavor == "mariadb":
        limit: dict[str, object] = {"max_statement_time": 0.5}
    else:
        limit = {"max_execution_time": 500}
    with stage.control.variables(**limit):
        stage.warm()
        with stage.meanwhile(*[lambda: stage.client.read(sleep=2)] * min(4, stage.variant.clients)):
            pass


def idle_in_transaction(stage: Stage) -> None:
    # MySQL has no limit of its own for this: wait_timeout holds inside a unit, too.
    on_mariadb = stage.lane.place.flavor == "mariadb"
    limit = "idle_transaction_timeout" if on_mariadb else "wait_timeout"
    with stage.control.variables(**{limit: 1}):
        stage.warm()
        with stage.meanwhile(*[lambda: stage.client.write(pause=2.2)] * 4):
            pass


# Under load, and the server is away, full, read-only, hung or somebody else.


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
    with stage.control.variables(max_connections=10):
        stage.control.kill_sessions()
        stage.control.wait_for_sessions(0)
        with ExitStack() as others:
            for _ in range(8):
                others.enter_context(closing(stage.server.connect()))
            with stage.traffic():
                time.sleep(1.5)


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


def too_big(stage: Stage) -> None:
    with stage.control.variables(max_allowed_packet=65536):
        stage.warm()
        with stage.traffic(stage.client.read, lambda: stage.client.write(size=100_000)):
            time.sleep(1.5)


def password(stage: Stage) -> None:
    stage.warm()
    with stage.control.password_changed():
        stage.control.kill_sessions()
        with stage.traffic():
            time.sleep(1.5)
