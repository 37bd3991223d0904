"""The view for a terminal, redrawn four times per second.

It uses Rich, not Textual: there is nothing to select or type, and the last view stays in the
terminal above the summary.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dev.demo.board import Board, Counts, Snapshot, Tally

REFRESHES_PER_SECOND = 4
SLOW_SECONDS = 1.0
LABEL_WIDTH = 11
INDENT = 2  # of the table
NO_RESPONSE, SERVED, SLOW, FAILED = "·", "▂", "▅", "█"
STYLES = {NO_RESPONSE: "dim", SERVED: "green", SLOW: "yellow", FAILED: "bold red"}


@contextmanager
def view(console: Console, board: Board) -> Iterator[None]:
    """Show the counts until the block ends; the last view remains."""
    with Live(
        get_renderable=lambda: render(board.snapshot(), console.width),
        console=console,
        refresh_per_second=REFRESHES_PER_SECOND,
    ):
        yield


def render(snapshot: Snapshot, width: int) -> RenderableType:
    """Return the view of these counts for a terminal with this number of columns."""
    return Group(_headline(snapshot), "", _counts(snapshot), "", *_timeline(snapshot, width))


def _headline(snapshot: Snapshot) -> Text:
    elapsed, strike = snapshot.elapsed, snapshot.current
    clock = Text(f"  {elapsed:2.0f} of {_duration(snapshot):.0f} s   ", style="bold")
    if snapshot.is_over or strike is None:
        return clock + Text("finished" if snapshot.is_over else "no fault yet", style="green")
    if (wait := strike.at - elapsed) > 0:
        return clock + Text(f"in {wait:.0f} s: {strike.fault.description}", style="yellow")
    return clock + Text(f"fault: {strike.fault.description}", style="bold red")


def _duration(snapshot: Snapshot) -> float:
    return max(snapshot.seconds, snapshot.elapsed)


def _counts(snapshot: Snapshot) -> Table:
    table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1))
    table.add_column("", no_wrap=True, width=LABEL_WIDTH)
    tallies = snapshot.tallies
    for name in tallies:
        table.add_column(name, ratio=1, overflow="fold")
    last_second = int(snapshot.elapsed) - 1
    rows = {
        "served/s": [Text(str(_served(it, last_second))) for it in tallies.values()],
        "served": [Text(str(it.total.served)) for it in tallies.values()],
        "failed": [_failed(it.total) for it in tallies.values()],
        "slowest": [_slowest(it.total) for it in tallies.values()],
        "last error": [Text(it.last_error.partition(";")[0] or "none") for it in tallies.values()],
    }
    for label, cells in rows.items():
        table.add_row(label, *cells)
    return table


def _served(tally: Tally, second: int) -> int:
    return tally.by_second.get(second, Counts()).served


def _failed(counts: Counts) -> Text:
    return Text(str(counts.failed), style="bold red" if counts.failed else "green")


def _slowest(counts: Counts) -> Text:
    style = "yellow" if counts.slowest_seconds >= SLOW_SECONDS else ""
    return Text(f"{counts.slowest_seconds:.2f} s", style=style)


def _timeline(snapshot: Snapshot, width: int) -> Iterator[Text]:
    """Yield a row of the faults, one for each strategy, and the key of the marks."""
    label = max(LABEL_WIDTH, *(len(name) for name in snapshot.tallies)) + 2
    available = width - INDENT - label - 1
    # Columns per second. If one is too many, the beginning is left out.
    scale = max(1.0, available / _duration(snapshot))
    end = int(snapshot.elapsed)
    start = max(0, end - int(available / scale))
    faults = " " * (int(end * scale) + available)
    for strike in snapshot.strikes:
        at, text = int(strike.at * scale), f"↓{strike.fault.name}"
        faults = faults[:at] + text + faults[at + len(text) :]
    faults = faults[int(start * scale) :][:available].rstrip()
    yield Text(" " * (INDENT + label) + faults, style="yellow", no_wrap=True)
    for name, tally in snapshot.tallies.items():
        row = Text(" " * INDENT + f"{name:{label}}", no_wrap=True)
        columns = range(int(start * scale), int(end * scale))
        marks = (_mark(tally.by_second.get(int(it / scale), Counts())) for it in columns)
        for mark, run in groupby(marks):
            row.append(mark * len(list(run)), STYLES[mark])
        yield row
    yield Text()
    yield _key(INDENT + label)


def _key(indent: int) -> Text:
    key = Text(" " * indent)
    for mark, meaning in (
        (SERVED, "served"),
        (SLOW, f"slower than {SLOW_SECONDS:g} s"),
        (FAILED, "failed"),
        (NO_RESPONSE, "no response"),
    ):
        key.append(mark, STYLES[mark]).append(f" {meaning}   ", "dim")
    return key


def _mark(counts: Counts) -> str:
    if counts.failed:
        return FAILED
    if counts.slowest_seconds >= SLOW_SECONDS:
        return SLOW
    return SERVED if counts.served else NO_RESPONSE
