"""make demo: the strategies side by side while faults strike, on this machine, in one minute.

Exits with status 0 only if `adaptive` failed no request. Ctrl-C stops everything.
"""

import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack

from rich.console import Console

from dev.demo import live, plain, summary
from dev.demo.board import Board
from dev.demo.faults import FAULTS, Fault, sequence
from dev.demo.options import Options, parse
from dev.demo.recording import recording
from dev.demo.stage import Stage
from dev.demo.traffic import Traffic
from dev.environment import VAR
from dev.signals import interrupt_on_signal
from dev.system_packages import Stop, say

QUIET_SECONDS = 3  # before an announcement
NOTICE_SECONDS = 3  # from the announcement to the strike
RECOVERY_SECONDS = 2  # after the end of the last fault
PLAIN_WIDTH = 120  # of the summary without a terminal


def main(arguments: Sequence[str]) -> int:
    """Run the demo and return its exit status."""
    options = parse(arguments)
    interrupt_on_signal()
    try:
        return demo(options)
    except Stop as stop:
        say(f"demo: {stop}")
        return 1
    except KeyboardInterrupt:
        say("demo: stopped")
        return 130


def demo(options: Options) -> int:
    """Start everything, inject the faults, and print the summary."""
    console = Console()
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    board = Board(options.strategies, options.seconds)
    traffic = Traffic(board, len(options.strategies))
    folder = (VAR / "demo").resolve()
    with Stage(folder, options.strategies, traffic, lambda step: say(f"demo: {step}")) as stage:
        faults = possible_faults(options, stage)
        board.begin()
        with ExitStack() as watching:
            if options.record:
                watching.enter_context(recording(board, options.record))
            watching.enter_context(view(console, board))
            inject(stage, board, faults, options)
            board.end()
            traffic.finish()
        result = board.snapshot()
    return summary.conclude(console, result)


def possible_faults(options: Options, stage: Stage) -> list[Fault]:
    """Return the selected faults that can be injected here; raises `Stop` if there are none."""
    selected = [FAULTS[name] for name in options.faults]
    possible = [it for it in selected if stage.firewall is not None or not it.needs_firewall]
    for fault in selected:
        if fault not in possible:
            say(f"demo: left out, since it requires root and iptables: {fault.description}")
    if not possible:
        raise Stop(f"FAULTS={','.join(options.faults)}: none of these can be injected")
    return possible


def view(console: Console, board: Board) -> AbstractContextManager[object]:
    """Return the view that this terminal can show, or plain lines."""
    if console.is_terminal and not console.is_dumb_terminal:
        return live.view(console, board)
    return plain.view(board)


def inject(stage: Stage, board: Board, faults: Sequence[Fault], options: Options) -> None:
    """Announce and inject one fault after the other until the time is over, and at least one."""
    for number, fault in enumerate(sequence(faults, options.seed)):
        if number and board.elapsed + QUIET_SECONDS + NOTICE_SECONDS > options.seconds:
            break
        time.sleep(QUIET_SECONDS)
        board.announce(fault, NOTICE_SECONDS)
        time.sleep(NOTICE_SECONDS)
        fault.strike(stage)
    time.sleep(max(RECOVERY_SECONDS, options.seconds - board.elapsed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
