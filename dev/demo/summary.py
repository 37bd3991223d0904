"""The summary at the end of the demo, and its exit status."""

from rich import box
from rich.console import Console
from rich.table import Table

from dev.demo.board import NO_FAULT, Snapshot

JUDGED = "adaptive"


def table(result: Snapshot) -> Table:
    """Return the counts of each strategy, and its failed requests after each fault."""
    faults = [NO_FAULT, *dict.fromkeys(strike.fault.name for strike in result.strikes)]
    found = Table(
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        title="Failed requests, by the latest fault",
        title_justify="left",
    )
    found.add_column("strategy", no_wrap=True)
    for column in ("sent", "failed", "slowest", *faults):
        found.add_column(column, justify="right")
    for name, tally in result.tallies.items():
        total = tally.total
        by_fault = (str(tally.by_fault[fault].failed) for fault in faults)
        found.add_row(
            name,
            str(total.requests),
            str(total.failed),
            f"{total.slowest_seconds:.2f} s",
            *by_fault,
        )
    return found


def conclude(console: Console, result: Snapshot) -> int:
    """Print the table and the result of `adaptive`; return the exit status of the demo.

    It is 0 unless `adaptive` took part and failed a request, or served none.
    """
    console.print(table(result))
    if JUDGED not in result.tallies:
        return 0
    total = result.tallies[JUDGED].total
    verdict = f"{JUDGED} failed {total.failed} of {total.requests} requests."
    console.print(verdict, highlight=False)
    return 0 if total.served and not total.failed else 1
