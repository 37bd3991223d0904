"""Write the measured part of docs/cluster.md, and docs/cluster.svg, from the measurements."""

from tests.cluster.chart import draw
from tests.cluster.events import EVENTS
from tests.support.service import PROJECT

PAGE = PROJECT / "docs" / "cluster.md"
CHART = PROJECT / "docs" / "cluster.svg"
START, END = "<!-- measured: start -->", "<!-- measured: end -->"
# Engine and route.
TOPOLOGIES = {
    ("galera", "writer"): "Galera, one writer",
    ("galera", "all"): "Galera, all nodes",
    ("mysql", "writer"): "Group Replication",
}


def write(results, runs):
    """Replace the measured part of the page, and draw the chart."""
    before, _, rest = PAGE.read_text().partition(START)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{START}\n{measured(results, runs)}{END}{after}")
    CHART.write_text(draw(results, EVENTS, TOPOLOGIES))


def measured(results, runs):
    """Return the tables as Markdown."""
    parts = []
    for key, title in TOPOLOGIES.items():
        rows = [it for it in results if (it.engine, it.route) == key]
        if rows:
            parts += [f"\n### {title}\n", _table(rows)]
    parts += ["\nMeasured with:\n", *_commands(results, runs)]
    return "\n".join(parts) + "\n"


def verdict(result):
    """Return what the ledger says."""
    if result.is_consistent:
        return "consistent"
    found = [f"{count} {what}" for what, count in result.discrepancies.items()]
    if result.missing_own_writes:
        found.append(f"{result.missing_own_writes} own writes not found")
    if not result.servers_agree:
        found.append("the servers differ")
    return f"**{', '.join(found)}**"


def _table(rows):
    events = {event.name: event.description for event in EVENTS}
    heads = ["event", "requests", "failed", "reads", "writes", "worst", "outcome unknown", "ledger"]
    lines = [heads, ["---", *["---:"] * 6, "---"]]
    for row in rows:
        stored, lost = (row.ledger.get(f"unknown, {it}", 0) for it in ("stored", "not stored"))
        lines.append(
            [
                events[row.event],
                str(row.requests),
                f"{row.failed}{_labels(row.labels)}",
                f"{row.read_gap:.1f} s",
                f"{row.write_gap:.1f} s",
                f"{row.worst:.1f} s",
                f"{stored} stored, {lost} not" if stored or lost else "0",
                verdict(row),
            ]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _labels(labels):
    if not labels:
        return ""
    found = ", ".join(f"{count} x {label}" for label, count in labels.items())
    return f" ({found})"


def _commands(results, runs):
    used = sorted({result.run for result in results})
    lines = [(runs[run].command, run.partition(" ")[0], runs[run].commit) for run in used]
    return [f"- `{command}`, {day}, commit {commit}" for command, day, commit in lines]
