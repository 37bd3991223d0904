"""The fault injection tools work as documented and clean up, even if they are killed."""

import os
import signal
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from socket import create_connection, create_server
from typing import get_args

import pymysql
import pytest

from app.db.url import DatabaseUrl
from dev.faults.firewall import Firewall, client_ports
from dev.faults.firewall_process import AS_ROOT, TAG
from dev.faults.packets import IDLE_TIMEOUT_ERROR_PACKET
from dev.faults.proxy import Proxy
from dev.faults.proxy_behavior import AcceptMode, StatementFault
from dev.keep import free_port
from tests.db.test_concurrency import settles
from tests.faults.catalog import FAULTS
from tests.faults.cell import OUTCOMES, Cell
from tests.faults.conftest import TARGET
from tests.faults.environment import Environment, with_socket
from tests.faults.expectations import (
    BARE,
    EXPECTED,
    OTHERS,
    OVERRIDES,
    expected_outcomes,
    is_as_expected,
)
from tests.faults.haproxy import HAProxy
from tests.faults.injections.sessions import sessions_numbered
from tests.faults.ledger import Discrepancies, compare
from tests.faults.report import PAGE, page
from tests.faults.results import ResultStore, Run
from tests.faults.variants import VARIANTS
from tests.support.database import query
from tests.support.service import PROJECT

# Recorded from MySQL 9.7 at wait_timeout.
RECORDED_PACKET = bytes.fromhex("91000000ffbf0f") + (
    b"#HY000The client was disconnected by the server because of inactivity. "
    b"See wait_timeout and interactive_timeout for configuring this behavior."
)
OFFLINE = (3032, "The server is currently in offline mode")
PROGRAM_WITH_A_RULE = """
import sys, time
from dev.faults.firewall import Firewall
with Firewall() as firewall:
    firewall.drop([1], 2)
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def private():
    with Environment(TARGET) as environment:
        yield environment


def test_the_idle_timeout_packet_equals_the_one_mysql_sends():
    assert IDLE_TIMEOUT_ERROR_PACKET == RECORDED_PACKET


def test_the_firewall_drops_only_the_chosen_connection():
    with create_server(("127.0.0.1", 0)) as listener, Firewall() as firewall:
        address = listener.getsockname()
        with create_connection(address) as dropped, create_connection(address) as other:
            accepted = [listener.accept()[0] for _ in range(2)]
            firewall.drop([dropped.getsockname()[1]], address[1])
            for client in (dropped, other):
                client.sendall(b"hello")
            receiving = [connection for connection in accepted if receives_data(connection)]

            assert len(receiving) == 1
            assert receiving[0].getpeername() == other.getsockname()
            for connection in accepted:
                connection.close()


def test_the_firewall_resets_a_connection_on_its_next_packet():
    with create_server(("127.0.0.1", 0)) as listener, Firewall() as firewall:
        port = listener.getsockname()[1]
        with create_connection(("127.0.0.1", port)) as client:
            server, _ = listener.accept()
            with server:
                firewall.reset_on_next_packet(client_ports(port), port)
                assert not receives_data(client)

                client.sendall(b"hello")
                with pytest.raises(ConnectionResetError):
                    client.recv(1)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGKILL])
def test_the_rules_of_a_killed_program_are_removed(signal_number):
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM_WITH_A_RULE],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdout.readline() == "ready\n"
        assert rules_of_port(2)

        program.send_signal(signal_number)

    assert eventually(lambda: not rules_of_port(2))


def test_sent_packets_are_dropped_until_the_rules_are_removed():
    with create_server(("127.0.0.1", 0)) as listener, Firewall() as firewall:
        address = listener.getsockname()
        firewall.drop_matching([f"OUTPUT -p tcp --sport {address[1]}"])
        with pytest.raises(TimeoutError):
            create_connection(address, timeout=0.3)
        firewall.clear()

        create_connection(address, timeout=5).close()


def test_the_rules_of_a_killed_firewall_process_are_removed_by_the_next_one():
    with Firewall() as firewall:
        firewall.drop([3], 4)
        os.kill(firewall._process.pid, signal.SIGKILL)
        firewall._process.wait()
    assert rules_of_port(4)

    with Firewall():
        assert not rules_of_port(4)


def test_haproxy_closes_idle_connections(server):
    with (
        HAProxy(server.port, idle_seconds=0.3) as haproxy,
        closing(server.connect(port=haproxy.port)) as connection,
    ):
        time.sleep(0.8)

        with pytest.raises(pymysql.err.OperationalError):
            connection.ping(reconnect=False)


def test_the_proxy_closes_before_the_response_after_the_statement_ran(server, root):
    with Proxy(server.port) as proxy, closing(server.connect(port=proxy.port)) as connection:
        proxy.behavior.statement_faults = [
            StatementFault(b"= 777", "close_before_response", times=1)
        ]

        with pytest.raises(pymysql.err.OperationalError):
            query(connection, "SET GLOBAL max_connect_errors = 777")

        assert query(root, "SELECT @@GLOBAL.max_connect_errors") == ((777,),)


@pytest.mark.parametrize(
    "mode", [mode for mode in get_args(AcceptMode) if mode not in {"normal", "reject_login"}]
)
def test_clients_cannot_connect_in_any_other_accept_mode(server, mode):
    with Proxy(server.port) as proxy:
        proxy.behavior.accept_mode = mode

        with pytest.raises(pymysql.err.MySQLError):
            server.connect(port=proxy.port, read_timeout=0.2, connect_timeout=0.2)


def test_the_proxy_rejects_a_login_with_an_error(server):
    with Proxy(server.port) as proxy:
        proxy.behavior.login_error, proxy.behavior.accept_mode = OFFLINE, "reject_login"

        with pytest.raises(pymysql.err.MySQLError) as raised:
            server.connect(port=proxy.port)
        assert raised.value.args == OFFLINE


def test_a_tls_proxy_rejects_a_login_with_an_error():
    with (
        Environment(replace(TARGET, tls=True)) as environment,
        Proxy(environment.server.port, tls=environment.proxy_tls) as proxy,
    ):
        proxy.behavior.login_error, proxy.behavior.accept_mode = OFFLINE, "reject_login"

        with pytest.raises(pymysql.err.MySQLError) as raised:
            environment.server.connect(port=proxy.port, **unverified_tls())
        assert raised.value.args == OFFLINE


@pytest.mark.parametrize("action", ["error", "error_and_close"])
def test_the_proxy_sends_an_error_instead_of_running_a_statement(server, root, action):
    query(root, "SET GLOBAL max_connect_errors = 700")
    with Proxy(server.port) as proxy, closing(server.connect(port=proxy.port)) as connection:
        proxy.behavior.statement_faults = [
            StatementFault(b"", action, times=1, error=OFFLINE, except_for=(b"SELECT",))
        ]
        assert query(connection, "SELECT 1") == ((1,),)

        with pytest.raises(pymysql.err.MySQLError) as raised:
            query(connection, "SET GLOBAL max_connect_errors = 778")
        assert raised.value.args == OFFLINE
        is_closed = not can_query(connection)

    assert is_closed == (action == "error_and_close")
    assert query(root, "SELECT @@GLOBAL.max_connect_errors") == ((700,),)


def test_running_statements_are_counted(private):
    account = DatabaseUrl.parse(private.url)
    login = {"user": account.user, "password": account.password}
    with (
        private.admin.counting_statements() as counted,
        closing(private.server.connect(**login)) as one,
        closing(private.server.connect(**login)) as other,
        ThreadPoolExecutor() as pool,
    ):
        for running in [pool.submit(query, each, "SELECT SLEEP(1)") for each in (one, other)]:
            running.result()

    assert counted.most == 2
    # The server sends a response before it lists the connection as idle.
    assert settles(lambda: private.admin.running_statements() == 0)


def test_sessions_are_opened_with_the_chosen_numbers(private):
    account = DatabaseUrl.parse(with_socket(private.url, private.server.socket))
    with closing(private.server.connect()) as latest:
        numbers = {latest.thread_id() + 3, latest.thread_id() + 5}

    with sessions_numbered(numbers, account) as opened:
        assert {connection.thread_id() for connection in opened} == numbers
        assert len(private.admin.sessions()) == 5


def test_a_server_that_was_moved_is_moved_back(private):
    port = private.server.port
    private.server.stop()
    private.server.port = free_port()
    private.server.start()

    private.restore()

    assert private.server.port == port
    private.server.connect(port=port).close()


def test_every_failure_of_adaptive_has_a_reason():
    fails = {
        fault for fault in FAULTS if "fails" in expected_outcomes(fault, "adaptive", TARGET.flavor)
    }

    assert fails == {name for name, fault in FAULTS.items() if fault.unavoidable}


def test_the_proxy_sends_a_packet_and_closes(server):
    with Proxy(server.port) as proxy, closing(server.connect(port=proxy.port)) as connection:
        proxy.send_and_close(IDLE_TIMEOUT_ERROR_PACKET)
        time.sleep(0.1)

        assert connection._sock.recv(1000) == IDLE_TIMEOUT_ERROR_PACKET
        assert connection._sock.recv(1000) == b""


def test_a_tls_proxy_accepts_new_connections_after_it_closed_the_old_ones():
    with (
        Environment(replace(TARGET, tls=True)) as environment,
        Proxy(environment.server.port, tls=environment.proxy_tls) as proxy,
    ):
        account = {"port": proxy.port, **unverified_tls()}
        for _ in range(5):
            connections = [environment.server.connect(environment.url, **account) for _ in range(4)]
            proxy.close_connections()
            # Close the sockets without COM_QUIT.
            for connection in connections:
                connection._force_close()


@pytest.mark.parametrize(
    ("reported", "rows", "discrepancies"),
    [
        ("stored", [(1, 7), (2, 7)], Discrepancies()),
        ("unknown", [], Discrepancies()),
        ("unknown", [(1, 7), (2, 7)], Discrepancies()),
        ("stored", [], Discrepancies(lost=1)),
        ("not stored", [(1, 7), (2, 7)], Discrepancies(misreported=1)),
        ("stored", [(1, 7)], Discrepancies(partial=1)),
        ("stored", [(1, 7), (2, 7), (1, 8), (2, 8)], Discrepancies(duplicated=1, split=1)),
        ("stored", [(1, 7), (2, 8)], Discrepancies(split=1)),
    ],
)
def test_the_ledger_finds_each_kind_of_discrepancy(reported, rows, discrepancies):
    assert compare({"entry": reported}, {"entry": rows}) == discrepancies


def test_the_expected_outcomes_name_every_fault_and_no_unknown_names():
    assert list(EXPECTED) == list(FAULTS)
    for row in EXPECTED.values():
        general = {name: text for name, text in row.items() if name not in OVERRIDES}
        for part in (general, *(row[name] for name in OVERRIDES if name in row)):
            assert part.keys() <= {*VARIANTS, OTHERS, BARE}
            assert {
                outcome for text in part.values() for outcome in text.split(" or ")
            } <= OUTCOMES.keys()


def test_the_expected_outcome_of_a_target_overrides_the_general_one(monkeypatch):
    row = {"others": "clean", "bare": "clean", "mysql": {"others": "slow"}}
    monkeypatch.setitem(EXPECTED, "none", {**row, "TLS": {"timed": "fails or slow"}})

    def expected_on(target):
        return [expected_outcomes("none", name, target) for name in ("adaptive", "timed")]

    assert expected_on("mariadb") == [["clean"], ["clean"]]
    assert expected_on("mariadb, TLS") == [["clean"], ["fails", "slow"]]
    assert expected_on("mysql") == [["slow"], ["slow"]]
    assert expected_on("mysql, TLS") == [["slow"], ["fails", "slow"]]


def test_a_partial_run_keeps_the_results_of_other_runs(tmp_path):
    file = tmp_path / "results.json"
    first, second = (Run(f"2026-01-0{day} 10:00:00", "python -m ...") for day in (1, 2))
    one, other = ResultStore(file), ResultStore(file)  # two concurrent commands
    one.add(a_cell("mariadb", worst=1.0), first)
    other.add(a_cell("mysql", worst=2.0), second)
    one.add(a_cell("mariadb", "single", worst=3.0), first)
    other.add(a_cell("mariadb", worst=4.0), second)

    found = [
        (cell.target, cell.variant, cell.worst, cell.run) for cell in ResultStore(file).cells()
    ]

    assert found == [
        ("mariadb", "adaptive", 4.0, second.started),
        ("mariadb", "single", 3.0, first.started),
        ("mysql", "adaptive", 2.0, second.started),
    ]
    assert ResultStore(file).runs() == {first.started: first, second.started: second}


def test_the_stored_results_are_as_expected_and_the_page_shows_them():
    store = ResultStore()

    assert [str(cell) for cell in store.cells() if not is_as_expected(cell)] == []
    assert PAGE.read_text() == page(store.cells(), store.runs())


def test_the_page_lists_the_differences_between_targets():
    run = Run("2026-01-01 10:00:00", "python -m ...")
    cells = [
        a_cell("mariadb", run=run.started),
        a_cell("mariadb", "timed", run=run.started),
        a_cell("mysql", worst=2.0, run=run.started),
        a_cell("mysql", "timed", run=run.started),
    ]

    text = page(cells, {run.started: run})

    assert "| `none` | adaptive | clean | slow, 2.0 s |" in text
    assert "| `none` | timed |" not in text
    assert "| MySQL 1.2.3 | 2 | 2026-01-01 | `--server mysql --tls plain` |" in text


def a_cell(target, variant="adaptive", *, worst=0.1, run=""):
    return Cell(
        fault="none",
        variant=variant,
        target=target,
        requests=1,
        failed=0,
        statuses={"200": 1},
        p99=worst,
        worst=worst,
        slow=0,
        livez_worst=0.0,
        opened=1,
        recovery=None,
        failed_after_recovery=0,
        leaked_details=0,
        wrong_responses=0,
        missing_retry_after=0,
        failed_reads=0,
        version="1.2.3",
        run=run,
    )


def can_query(connection):
    with suppress(pymysql.err.MySQLError):
        return bool(query(connection, "SELECT 1"))
    return False


def unverified_tls():
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    return {"ssl_disabled": False, "ssl": tls}


def receives_data(connection):
    """Return whether data arrives within 0.3 s."""
    connection.settimeout(0.3)
    with suppress(TimeoutError):
        return bool(connection.recv(10))
    return False


def rules_of_port(port):
    rules = subprocess.check_output([*AS_ROOT, "iptables-save"], text=True).splitlines()
    return [rule for rule in rules if TAG in rule and f"--dport {port} " in rule]


def eventually(condition, seconds=5):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()
