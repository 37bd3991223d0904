"""The tools do what they say, and leave nothing behind, also when they are killed."""

import os
import signal
import ssl
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import replace
from socket import create_connection, create_server

import pymysql
import pytest

from tests.faults.behavior import Trap
from tests.faults.cell import GRADES, Cell
from tests.faults.conftest import PLACE
from tests.faults.expected import BARE, EXPECTED, OTHERS, PLACES, expected_of, is_as_expected
from tests.faults.figures import Figures, Run
from tests.faults.flows import Firewall, established
from tests.faults.guardian import AS_ROOT, TAG
from tests.faults.haproxy import HAProxy
from tests.faults.lane import Lane
from tests.faults.ledger import Balance, compare
from tests.faults.packets import FAREWELL
from tests.faults.proxy import Proxy
from tests.faults.report import PAGE, page
from tests.faults.table import FAULTS
from tests.faults.variants import VARIANTS
from tests.support.database import query
from tests.support.service import PROJECT

# What MySQL 9.7 sent to a client that was idle for too long, recorded.
RECORDED = bytes.fromhex("91000000ffbf0f") + (
    b"#HY000The client was disconnected by the server because of inactivity. "
    b"See wait_timeout and interactive_timeout for configuring this behavior."
)
KEEPS_A_RULE = """
import sys, time
from tests.faults.flows import Firewall
with Firewall() as firewall:
    firewall.forget([1], 2)
    print("ready", flush=True)
    time.sleep(60)
"""


def test_the_farewell_is_mysql_s_byte_for_byte():
    assert FAREWELL == RECORDED


def test_the_firewall_forgets_one_flow_and_no_other():
    with create_server(("127.0.0.1", 0)) as listener, Firewall() as firewall:
        address = listener.getsockname()
        with create_connection(address) as lost, create_connection(address) as kept:
            ends = [listener.accept()[0] for _ in range(2)]
            firewall.forget([lost.getsockname()[1]], address[1])
            for client in (lost, kept):
                client.sendall(b"hello")
            arrived = [end for end in ends if hears(end)]

            assert len(arrived) == 1
            assert arrived[0].getpeername() == kept.getsockname()
            for end in ends:
                end.close()


def test_the_firewall_answers_the_next_packet_with_a_reset():
    with create_server(("127.0.0.1", 0)) as listener, Firewall() as firewall:
        port = listener.getsockname()[1]
        with create_connection(("127.0.0.1", port)) as client:
            server, _ = listener.accept()
            with server:
                firewall.reset_at_next_packet(established(port), port)
                assert not hears(client)

                client.sendall(b"hello")
                with pytest.raises(ConnectionResetError):
                    client.recv(1)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_no_rule_outlives_a_program_that_is_killed(ending):
    program = subprocess.Popen(
        [sys.executable, "-c", KEEPS_A_RULE],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdout.readline() == "ready\n"
        assert rules_of_port(2)

        program.send_signal(ending)

    assert becomes(lambda: not rules_of_port(2))


def test_a_rule_whose_guardian_was_killed_is_removed_by_the_next_one():
    with Firewall() as firewall:
        firewall.forget([3], 4)
        os.kill(firewall._guardian.pid, signal.SIGKILL)
        firewall._guardian.wait()
    assert rules_of_port(4)

    with Firewall():
        assert not rules_of_port(4)


def test_haproxy_closes_what_was_idle(server):
    with (
        HAProxy(server.port, idle_seconds=0.3) as haproxy,
        closing(server.connect(port=haproxy.port)) as connection,
    ):
        time.sleep(0.8)

        with pytest.raises(pymysql.err.OperationalError):
            connection.ping(reconnect=False)


def test_a_proxy_cuts_off_an_answer_after_the_statement_ran(server, root):
    with Proxy(server.port) as proxy, closing(server.connect(port=proxy.port)) as connection:
        proxy.behavior.traps = [Trap(b"= 777", "cut", times=1)]

        with pytest.raises(pymysql.err.OperationalError):
            query(connection, "SET GLOBAL max_connect_errors = 777")

        assert query(root, "SELECT @@GLOBAL.max_connect_errors") == ((777,),)


@pytest.mark.parametrize("door", ["deaf", "drip", "refusing"])
def test_a_proxy_keeps_clients_at_the_door(server, door):
    with Proxy(server.port) as proxy:
        proxy.behavior.door = door

        with pytest.raises(pymysql.err.OperationalError):
            server.connect(port=proxy.port, read_timeout=0.2, connect_timeout=0.2)


def test_a_proxy_says_farewell_and_hangs_up(server):
    with Proxy(server.port) as proxy, closing(server.connect(port=proxy.port)) as connection:
        proxy.say(FAREWELL)
        time.sleep(0.1)

        assert connection._sock.recv(1000) == FAREWELL
        assert connection._sock.recv(1000) == b""


def test_a_proxy_under_tls_lets_everybody_in_again_after_it_hung_up():
    with (
        Lane(replace(PLACE, tls=True)) as lane,
        Proxy(lane.server.port, tls=lane.proxy_tls) as proxy,
    ):
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        account = {"port": proxy.port, "ssl_disabled": False, "ssl": tls}
        for _ in range(5):
            connections = [lane.server.connect(lane.url, **account) for _ in range(4)]
            proxy.hang_up()
            # Nobody takes leave of it.
            for connection in connections:
                connection._force_close()


@pytest.mark.parametrize(
    ("told", "rows", "balance"),
    [
        ("stored", [(1, 7), (2, 7)], Balance()),
        ("unknown", [], Balance()),
        ("unknown", [(1, 7), (2, 7)], Balance()),
        ("stored", [], Balance(lost=1)),
        ("not stored", [(1, 7), (2, 7)], Balance(denied=1)),
        ("stored", [(1, 7)], Balance(halved=1)),
        ("stored", [(1, 7), (2, 7), (1, 8), (2, 8)], Balance(doubled=1, torn=1)),
        ("stored", [(1, 7), (2, 8)], Balance(torn=1)),
    ],
)
def test_the_ledger_finds_what_is_wrong(told, rows, balance):
    assert compare({"entry": told}, {"entry": rows}) == balance


def test_expectations_name_every_fault_and_only_what_there_is():
    assert list(EXPECTED) == list(FAULTS)
    for row in EXPECTED.values():
        general = {name: text for name, text in row.items() if name not in PLACES}
        for part in (general, *(row[place] for place in PLACES if place in row)):
            assert part.keys() <= {*VARIANTS, OTHERS, BARE}
            assert {
                grade for text in part.values() for grade in text.split(" or ")
            } <= GRADES.keys()


def test_an_expectation_of_a_place_goes_before_the_general_one(monkeypatch):
    row = {"others": "clean", "bare": "clean", "mysql": {"others": "late"}}
    monkeypatch.setitem(EXPECTED, "none", {**row, "TLS": {"timed": "fails or late"}})

    def expected_at(place):
        return [expected_of("none", name, place) for name in ("adaptive", "timed")]

    assert expected_at("mariadb") == [["clean"], ["clean"]]
    assert expected_at("mariadb, TLS") == [["clean"], ["fails", "late"]]
    assert expected_at("mysql") == [["late"], ["late"]]
    assert expected_at("mysql, TLS") == [["late"], ["fails", "late"]]


def test_a_run_of_a_part_keeps_the_figures_of_all_others(tmp_path):
    file = tmp_path / "figures.json"
    first, second = (Run(f"2026-01-0{day} 10:00:00", "python -m ...") for day in (1, 2))
    here, there = Figures(file), Figures(file)  # two commands at the same time
    here.add(a_cell("mariadb", worst=1.0), first)
    there.add(a_cell("mysql", worst=2.0), second)
    here.add(a_cell("mariadb", "single", worst=3.0), first)
    there.add(a_cell("mariadb", worst=4.0), second)

    found = [(cell.place, cell.variant, cell.worst, cell.run) for cell in Figures(file).cells()]

    assert found == [
        ("mariadb", "adaptive", 4.0, second.began),
        ("mariadb", "single", 3.0, first.began),
        ("mysql", "adaptive", 2.0, second.began),
    ]
    assert Figures(file).runs() == {first.began: first, second.began: second}


def test_the_figures_are_as_expected_and_the_page_shows_them():
    figures = Figures()

    assert [str(cell) for cell in figures.cells() if not is_as_expected(cell)] == []
    assert PAGE.read_text() == page(figures.cells(), figures.runs())


def test_the_page_lists_what_is_otherwise_elsewhere():
    run = Run("2026-01-01 10:00:00", "python -m ...")
    cells = [
        a_cell("mariadb", run=run.began),
        a_cell("mariadb", "timed", run=run.began),
        a_cell("mysql", worst=2.0, run=run.began),
        a_cell("mysql", "timed", run=run.began),
    ]

    text = page(cells, {run.began: run})

    assert "| `none` | adaptive | clean | late, 2.0 s |" in text
    assert "| `none` | timed |" not in text
    assert "| MySQL 1.2.3 | 2 | 2026-01-01 | `--server mysql --tls plain` |" in text


def a_cell(place, variant="adaptive", *, worst=0.1, run=""):
    return Cell(
        fault="none",
        variant=variant,
        place=place,
        requests=1,
        failed=0,
        statuses={"200": 1},
        p99=worst,
        worst=worst,
        late=0,
        livez_worst=0.0,
        opened=1,
        recovery=None,
        after_failed=0,
        says_too_much=0,
        anothers=0,
        without_retry_after=0,
        failed_reads=0,
        version="1.2.3",
        run=run,
    )


def hears(end):
    """Whether something arrives here within a moment."""
    end.settimeout(0.3)
    with suppress(TimeoutError):
        return bool(end.recv(10))
    return False


def rules_of_port(port):
    rules = subprocess.check_output([*AS_ROOT, "iptables-save"], text=True).splitlines()
    return [rule for rule in rules if TAG in rule and f"--dport {port} " in rule]


def becomes(condition, seconds=5):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()
