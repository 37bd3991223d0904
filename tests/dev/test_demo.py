"""`make demo`: what it shows and counts, its exit status, and that it leaves nothing running."""

import io
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
import xml.etree.ElementTree as ET
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from app.db.strategies import STRATEGIES
from dev.demo import live, options, summary
from dev.demo.__main__ import possible_faults
from dev.demo.board import NO_FAULT, Snapshot, Strike, Tally
from dev.demo.faults import FAULTS, sequence
from dev.demo.recording import picture
from dev.system_packages import Stop
from tests.support.server import SERVER_ARGUMENTS, DatabaseServer
from tests.support.service import PROJECT
from tests.support.template import copy_template

pytestmark = pytest.mark.server_independent

RUN_SECONDS = 120
CURSOR_UP, SHOW_CURSOR = "\x1b[1A", "\x1b[?25h"
TERMINAL_SIZE = (30, 100)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder to run the demo in, with the database that its first run would create."""
    folder = tmp_path_factory.mktemp("demo")
    for name in ("pyproject.toml", "migrations"):
        (folder / name).symlink_to(PROJECT / name)
    copy_template(partial(DatabaseServer, **SERVER_ARGUMENTS), folder / "var/demo")
    return folder


def start(folder, *arguments, command=("-m", "dev.demo"), **streams):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, *command, *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(PROJECT), "TERM": "xterm-256color"},
        start_new_session=True,
        **streams,
    )


def run(folder, *arguments, **options):
    """Run the demo without a terminal; return its status and what it printed."""
    process = start(
        folder, *arguments, **options, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    printed, _ = process.communicate(timeout=RUN_SECONDS * 4)
    return process.returncode, printed


def run_in_terminal(folder, *arguments):
    """Run the demo in a pseudo-terminal; return its status and what it printed."""
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, TERMINAL_SIZE)
    process = start(folder, *arguments, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    printed = b""
    with open(controller, "rb", buffering=0) as screen:
        try:
            while data := screen.read(1 << 16):
                printed += data
        except OSError:  # EIO: the last process that had the terminal open has ended
            pass
    return process.wait(RUN_SECONDS), printed.decode().replace("\r\n", "\n")


def summary_in(printed):
    """Return requests, failures, and failures by fault ("before" first) of each strategy."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", printed)
    rows = re.findall(r"^ +(\S+) +(\d+) +(\d+) +[\d.]+ s +([\d ]+?) *$", text, re.MULTILINE)
    return {
        name: (int(requests), int(failed), [int(it) for it in by_fault.split()])
        for name, requests, failed, by_fault in rows
    }


def processes_in(folder):
    """Return the commands of the processes whose working directory is in the folder, by id."""
    found = {}
    for process in Path("/proc").iterdir():
        try:
            if Path(os.readlink(process / "cwd")).is_relative_to(folder):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[int(process.name)] = command
        except OSError:  # it has ended, or is another user's
            continue
    return found


def test_in_a_terminal_single_fails_and_adaptive_does_not(folder):
    status, printed = run_in_terminal(
        folder, "--seconds", "1", "--strategies", "single,adaptive", "--faults", "kill"
    )

    found = summary_in(printed)
    assert found["single"][1] == found["single"][2][1] > 0 == found["single"][2][0]
    assert found["adaptive"][0] > 50
    assert found["adaptive"][1] == 0
    assert status == 0
    assert printed.index("s: KILL of every connection") < printed.index("fault: KILL of every")
    assert printed.count(CURSOR_UP) > 20
    assert SHOW_CURSOR in printed
    assert processes_in(folder) == {}


def test_without_a_terminal_it_prints_lines_and_ctrl_c_leaves_no_process(folder):
    arguments = ("--strategies", "adaptive", "--faults", "idle")
    with start(
        folder, *arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "fault: no requests" in line:
                break
        running = processes_in(folder)
        process.send_signal(signal.SIGINT)
        lines += process.stdout
        status = process.wait(RUN_SECONDS)

    assert status == 130
    assert any("mariadbd" in command for command in running.values())
    assert any("gunicorn" in command for command in running.values())
    assert processes_in(folder) == {}
    text = "".join(lines)
    assert "\x1b" not in text
    assert text.index("in 3 s: no requests for 3.5 s") < text.index("fault: no requests")
    assert re.search(r"adaptive  [1-9]\d* served, 0 failed, slowest ", text)
    assert text.endswith("demo: stopped\n")


@pytest.mark.nightly
@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - {"kill"}))
def test_each_other_fault_breaks_single_and_not_adaptive(folder, fault):
    """Requires root and iptables for one of them."""
    status, printed = run(
        folder, "--seconds", "1", "--strategies", "single,adaptive", "--faults", fault
    )

    found = summary_in(printed)
    assert found["single"][1] == found["single"][2][1] > 0
    assert found["adaptive"][1] == 0
    assert status == 0


@pytest.mark.nightly
def test_with_every_strategy_and_fault_adaptive_fails_nothing(folder):
    """Requires root and iptables for one of the faults."""
    status, printed = run(folder, "--seconds", "45", "--strategies", ",".join(STRATEGIES))

    found = summary_in(printed)
    assert status == 0
    assert found.keys() == STRATEGIES.keys()
    assert found["adaptive"][1] == 0
    for fault in FAULTS.values():
        assert f"fault: {fault.description}" in printed
    assert sum(failed for _, failed, _ in found.values()) > found["single"][1] > 0
    assert processes_in(folder) == {}


@pytest.mark.nightly
def test_a_failure_of_adaptive_is_the_exit_status(folder):
    code = (
        "import sys; from dev.demo import __main__, stage; stage.PATIENCE_SECONDS = 0; "
        "sys.exit(__main__.main(sys.argv[1:]))"
    )
    status, printed = run(
        folder,
        *("--seconds", "1", "--strategies", "adaptive", "--faults", "restart"),
        command=("-c", code),
    )

    assert summary_in(printed)["adaptive"][1] > 0
    assert status == 1


@pytest.mark.nightly
def test_ctrl_c_removes_the_firewall_rules(folder):
    """Requires root and iptables."""
    arguments = ("--strategies", "adaptive", "--faults", "drop")
    with start(
        folder, *arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout:
            if "fault: " in line:
                break
        [owner] = [pid for pid, it in processes_in(folder).items() if "firewall_process" in it]
        tag = f"fault-injection:{owner}"
        deadline = time.monotonic() + 3
        while not (dropping := tag in firewall_rules()) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=RUN_SECONDS)

    assert dropping
    assert tag not in firewall_rules()


def firewall_rules():
    return subprocess.check_output(["/usr/sbin/iptables-save", "-t", "filter"], text=True)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("STRATEGIES", "single,poold", r"STRATEGIES='single,poold': 'poold' is unknown; use adapt"),
        ("STRATEGIES", "single,single", r"use different names, separated by commas"),
        ("STRATEGIES", "os:path", r"STRATEGIES='os:path': path lacks acquire"),
        ("SECONDS", "0", r"SECONDS='0': use a whole number from 1 to 3600"),
        ("SECONDS", "1.5", r"SECONDS='1\.5': use a whole number"),
        ("SEED", "a", r"SEED='a': use a whole number"),
        (
            "FAULTS",
            "fire",
            r"FAULTS='fire': 'fire' is unknown; use idle, kill, restart, reset, drop",
        ),
        ("RECORD", "missing/a.svg", r"RECORD='missing/a\.svg': the folder missing does not exist"),
    ],
)
def test_an_option_that_cannot_be_used_is_rejected(name, value, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        options.parse([], {name: value})

    assert stopped.value.code == 2
    assert re.search(message, capsys.readouterr().err)


def test_options_are_read_from_the_environment_and_the_command_line_wins():
    found = options.parse(["--seed", "3"], {"SECONDS": "9", "STRATEGIES": "timed", "SEED": "2"})

    assert (found.seconds, found.strategies, found.seed) == (9, ("timed",), 3)


def test_a_seed_repeats_the_order_of_the_faults():
    def order(seed):
        faults = sequence(list(FAULTS.values()), seed)
        return [next(faults).name for _ in range(15)]

    assert order(1) == order(1) != order(2)
    assert sorted(order(1)[:5]) == sorted(FAULTS)


def test_a_fault_that_needs_a_firewall_is_left_out_without_one(capsys):
    without_firewall = SimpleNamespace(firewall=None)
    possible = possible_faults(options.parse(["--faults", "drop,kill"]), without_firewall)

    assert possible == [FAULTS["kill"]]
    assert "left out, since it requires root and iptables: a firewall" in capsys.readouterr().err
    with pytest.raises(Stop, match="FAULTS=drop: none of these can be injected"):
        possible_faults(options.parse(["--faults", "drop"]), without_firewall)


def snapshot(elapsed=20, seconds=30, **failed_from):
    """Return counts of one request per second; each strategy fails from a second on."""
    tallies = {name: Tally() for name in failed_from}
    for name, second in failed_from.items():
        for at in range(elapsed):
            error = "503 lost; nothing was stored." if at >= second else ""
            fault = "kill" if at >= 6 else NO_FAULT
            tallies[name].add(0.01, error, ended_at=at + 0.5, fault=fault)
    strikes = (Strike(FAULTS["kill"], 6.0), Strike(FAULTS["reset"], elapsed + 2.0))
    return Snapshot(elapsed, seconds, False, strikes, tallies)


NEVER = 10**6


@pytest.mark.parametrize(
    ("failed_from", "status"),
    [
        ({"single": 6, "adaptive": NEVER}, 0),
        ({"single": NEVER, "adaptive": 19}, 1),
        ({"single": 6}, 0),
    ],
)
def test_the_exit_status_is_that_of_adaptive(failed_from, status):
    assert summary.conclude(Console(file=io.StringIO()), snapshot(**failed_from)) == status


def test_adaptive_has_not_passed_if_it_served_nothing():
    assert summary.conclude(Console(file=io.StringIO()), snapshot(0, adaptive=NEVER)) == 1


def rendered(counts, width=80, screen=None):
    """Return the view for a terminal of this width, drawn on a screen that may be wider."""
    console = Console(file=io.StringIO(), width=screen or width)
    console.print(live.render(counts, width))
    return console.file.getvalue()


def timeline_of(text, strategy):
    [row] = re.findall(rf"^ *{strategy} +([·▂▅█]+)$", text, re.MULTILINE)
    return row


def test_the_view_shows_the_next_fault_and_when_each_strategy_failed():
    text = rendered(snapshot(20, 20, single=6, adaptive=NEVER))

    assert "in 2 s: TCP reset of every connection" in text
    assert "503 lost " in text
    single, adaptive = timeline_of(text, "single"), timeline_of(text, "adaptive")
    assert (set(single), set(adaptive)) == ({"▂", "█"}, {"▂"})
    # Three columns per second: 80 less the labels, divided by 20.
    assert (len(single), single.count("█")) == (64, 44)


def test_a_request_that_failed_late_marks_each_second_in_which_a_client_waited():
    tally = Tally()
    tally.add(0.1, "", ended_at=0.5, fault=NO_FAULT)
    tally.add(3.0, "no response", ended_at=5.5, fault=NO_FAULT)
    tally.add(1.5, "", ended_at=7.5, fault=NO_FAULT)

    text = rendered(Snapshot(9, 64, False, (), {"adaptive": tally}))

    assert timeline_of(text, "adaptive") == "▂·████▅▅·"


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_timeline_is_as_wide_as_the_terminal(width):
    counts = snapshot(100, 100, single=6, adaptive=NEVER)
    text = rendered(counts, width, screen=width + 50)

    *faults, single, adaptive = re.findall("^.*(?:↓|▂▂|██).*$", text, re.MULTILINE)
    assert width - 3 <= len(single) == len(adaptive) <= width
    assert all(len(line) <= width for line in faults)


def test_a_recording_shows_each_frame_and_loads_nothing():
    svg = picture([snapshot(at, single=6, adaptive=NEVER) for at in (1, 5, 20)])

    frames = ET.fromstring(svg).findall(".//*[@class='frame']")
    delays = [frame.attrib["style"] for frame in frames]
    assert delays == ["animation-delay: 0s", "animation-delay: 0.5s"]
    assert "prefers-reduced-motion" in svg
    assert not re.search(r"href|url\(|@import|<script", svg)
    assert svg.count("http") == 1  # the namespace


def test_the_picture_in_the_documents_shows_the_default_strategies_and_every_fault():
    """`make demo SECONDS=45 SEED=14 RECORD=docs/demo.svg` draws it again."""
    [group] = ET.parse(PROJECT / "docs/demo.svg").getroot().findall("{*}g")
    last_frame = " ".join(text.text for text in group.iterfind("{*}text"))

    for name in [*options.DEFAULTS["STRATEGIES"].split(","), *(f"↓{fault}" for fault in FAULTS)]:
        assert name in last_frame.replace("\xa0", " ")
    assert "finished" in last_frame
