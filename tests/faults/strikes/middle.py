"""In the middle of a statement, or between two statements of a unit."""

import time
from contextlib import closing

from tests.faults.behavior import Trap
from tests.faults.stage import Stage


def forgotten_mid_query(stage: Stage) -> None:
    stage.warm()
    with stage.meanwhile(*[lambda: stage.client.read(sleep=1.5)] * 4):
        time.sleep(0.7)
        stage.firewall.forget(stage.flows(), stage.port)


def reply_cut(stage: Stage) -> None:
    stage.warm()
    stage.proxy.behavior.traps = [Trap(b"AS nonce", "cut", times=10, spare=20)]
    with stage.traffic(stage.client.read):
        time.sleep(2)
    stage.proxy.behavior.traps = []


def reply_swallowed(stage: Stage) -> None:
    stage.warm()
    stage.proxy.behavior.traps = [Trap(b"AS nonce", "swallow", times=2, spare=20)]
    with stage.traffic(stage.client.read):
        time.sleep(1.5)
    stage.proxy.behavior.traps = []


def ghost_write(stage: Stage) -> None:
    stage.warm()
    hold = stage.hold()
    with stage.meanwhile(*[lambda: stage.client.write(hold=hold)] * 4):
        stage.wait_for_units(4)
        stage.firewall.forget(stage.flows(), stage.port)
        hold.unlink()
        time.sleep(2)  # the INSERT has timed out after one
        stage.firewall.lift()
    time.sleep(15)  # longer than the kernel waits between two of its tries by then


def orphan_lock(stage: Stage) -> None:
    with stage.control.variables(innodb_lock_wait_timeout=5):
        stage.warm()
        hold = stage.hold()
        with stage.meanwhile(lambda: stage.client.write(rows=[1, 2], hold=hold)):
            stage.wait_for_units(1)
            stage.firewall.forget(stage.flows(), stage.port)
            hold.unlink()


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


def too_big(stage: Stage) -> None:
    with stage.control.variables(max_allowed_packet=65536):
        stage.warm()
        with stage.traffic(stage.client.read, lambda: stage.client.write(size=100_000)):
            time.sleep(1.5)
