"""Generate docs/fault-matrix.md and docs/fault-matrix.svg from the measured cells."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tests.faults.catalog import FAULTS
from tests.faults.cell import OUTCOMES, Cell
from tests.faults.chart import draw
from tests.faults.expectations import expected_outcomes
from tests.faults.ledger import Discrepancies
from tests.faults.results import Run
from tests.faults.variants import THREADS, VARIANTS, WORKERS
from tests.support.service import PROJECT

PAGE = PROJECT / "docs" / "fault-matrix.md"
CHART = PROJECT / "docs" / "fault-matrix.svg"
MAIN = "mariadb"  # the target shown in full, which the others are compared with
NAMES = {"mariadb": "MariaDB", "mysql": "MySQL"}

INTRODUCTION = f"""# Fault matrix

Each fault below was injected into the running service: gunicorn with {WORKERS} preloaded workers
of {THREADS} threads each, while clients read, wrote, and wrote with an `Idempotency-Key`. The
responses were then compared with the contents of the database. `make matrix` generates this page
and compares each outcome with `tests/faults/expected_outcomes.toml`. The page shows all results for
MariaDB without TLS; for the [other targets](#other-targets) it shows the differences and
`adaptive`. All measurements are in [fault-matrix.json](fault-matrix.json).

![chart of the fault matrix](fault-matrix.svg)

{{outcomes}}

Next to the outcome: the number of failed requests, or the longest response time. Clients time out
after 10 seconds.

All strategies run under `Database`, which starts each transaction with an explicit `BEGIN`, retries
failed reads and lost transactions where that is safe, and sets the timeouts of every socket
([connections.md](connections.md)). The columns that start with *bare* show common solutions without
it, as usually written and with library defaults (`tests/faults/bare_app.py`): a connection per
request as in Flask's tutorial, DBUtils' `PooledDB`, SQLAlchemy's engine with `pool_recycle`, and
with `pool_pre_ping`. They do not retry, and return status 500 on errors. `single` runs with one
thread per worker; with more threads it mixes up responses even without a fault.

## Faults

{{faults}}
"""

REASONS = """### Why requests fail with `adaptive`

No client could avoid these failures. The requests get 503 with `Retry-After`, or 422 if a statement
is too large; nothing is stored.
"""
OTHER_TARGETS = """## Other targets

Cells whose outcome on another target differs from MariaDB without TLS. Outcomes that vary between
runs are not listed. Empty: not measured.
"""
ADAPTIVE = """### `adaptive` on all targets
"""
MEASUREMENTS = f"""## Measurements

The matrix has {len(FAULTS) * len(VARIANTS)} cells per target. A new measurement of a cell replaces
the older one. The JSON file lists the command that measured each cell under `runs`, with the
current names of the faults and options.
"""


def write(cells: Sequence[Cell], runs: Mapping[str, Run]) -> None:
    """Write the page and the chart."""
    PAGE.write_text(page(cells, runs))
    if shown := [cell for cell in cells if cell.target == MAIN]:
        CHART.write_text(draw(shown, list(FAULTS), list(VARIANTS)))


def page(cells: Sequence[Cell], runs: Mapping[str, Run]) -> str:
    """Return the page as Markdown."""
    outcomes = "\n".join(f"- **{outcome}**: {meaning}" for outcome, meaning in OUTCOMES.items())
    faults = _table(
        ["fault", "description"],
        [[f"`{fault.name}`", fault.description] for fault in FAULTS.values()],
    )
    parts = [INTRODUCTION.format(outcomes=outcomes, faults=faults)]
    if main := [cell for cell in cells if cell.target == MAIN]:
        parts += [f"## {_name(MAIN)}\n", _matrix(main), _details(main), _reasons(main)]
    if len(targets := list(dict.fromkeys(cell.target for cell in cells))) > 1:
        parts += [OTHER_TARGETS, _differences(cells, targets), ADAPTIVE, _adaptive(cells, targets)]
    parts += [MEASUREMENTS, _measurements(cells, runs)]
    return "\n".join(parts).rstrip() + "\n"


def _matrix(cells: Sequence[Cell]) -> str:
    found = {(cell.fault, cell.variant): cell for cell in cells}
    rows = [
        [f"`{fault}`", *(_short(found.get((fault, variant))) for variant in VARIANTS)]
        for fault in FAULTS
    ]
    return _table(["", *VARIANTS], rows)


def _short(cell: Cell | None) -> str:
    if cell is None:
        return ""
    failed = f"{cell.failed}/{cell.requests}"
    match cell.outcome:
        case "clean":
            return "clean"
        case "slow":
            return f"slow, {cell.worst:.1f} s"
        case "fails":
            return f"fails, {failed}"
        case "harms":
            failed = ", ".join(f"{count} {what}" for what, count in cell.side_effects.items())
        case "corrupt":
            wrong = Discrepancies(**cell.discrepancies)
            failed = "responses mixed up" if wrong.is_empty else str(wrong)
    return f"**{cell.outcome}**, {failed}"


def _details(cells: Sequence[Cell]) -> str:
    rows = [
        [
            f"`{cell.fault}`",
            ", ".join(f"{count} x {label}" for label, count in cell.statuses.items()),
            _seconds(cell.p99),
            _seconds(cell.worst),
            _seconds(cell.livez_worst) if cell.livez_worst else "",
            str(cell.opened),
            "" if cell.recovery is None else _seconds(cell.recovery),
            str(Discrepancies(**cell.discrepancies)),
        ]
        for cell in cells
        if cell.variant == "adaptive"
    ]
    heads = ["`adaptive`", "responses", "p99", "worst", "`livez`", "opened", "recovery", "ledger"]
    legend = (
        "\n`livez`: slowest response of `/livez` during the fault. opened: connections opened by "
        "all workers since they started. recovery: time from the end of the fault to the first "
        "success. ledger: contents of the database compared with what the clients were told.\n"
    )
    return _table(heads, rows) + legend if rows else ""


def _reasons(cells: Sequence[Cell]) -> str:
    rows = [
        [f"`{cell.fault}`", FAULTS[cell.fault].unavoidable]
        for cell in cells
        if cell.variant == "adaptive" and cell.outcome == "fails"
    ]
    return f"{REASONS}\n{_table(['', 'reason'], rows)}" if rows else ""


def _differences(cells: Sequence[Cell], targets: Sequence[str]) -> str:
    found = {(cell.fault, cell.variant, cell.target): cell for cell in cells}
    rows = [
        [
            f"`{fault}`",
            variant,
            *(_short(found.get((fault, variant, target))) for target in targets),
        ]
        for fault in FAULTS
        for variant in VARIANTS
        if any(_differs_from_main(found.get((fault, variant, target))) for target in targets)
    ]
    return _table(["", "", *map(_name, targets)], rows)


def _differs_from_main(cell: Cell | None) -> bool:
    """Return whether the outcome is not among those expected on the main target."""
    if cell is None:
        return False
    return cell.outcome not in expected_outcomes(cell.fault, cell.variant, MAIN)


def _adaptive(cells: Sequence[Cell], targets: Sequence[str]) -> str:
    found = {(cell.fault, cell.target): cell for cell in cells if cell.variant == "adaptive"}
    rows = [
        [f"`{fault}`", *(_short(found.get((fault, target))) for target in targets)]
        for fault in FAULTS
    ]
    return _table(["", *map(_name, targets)], rows)


def _measurements(cells: Sequence[Cell], runs: Mapping[str, Run]) -> str:
    counted = Counter((cell.target, cell.version, runs[cell.run].day) for cell in cells)
    rows = [
        [
            f"{NAMES[flavor]} {version}{comma}{rest}",
            str(count),
            day,
            f"`--server {flavor} --tls {'tls' if rest else 'plain'}`",
        ]
        for (target, version, day), count in sorted(counted.items())
        for flavor, comma, rest in [target.partition(",")]
    ]
    return _table(["server", "cells", "date", "`ARGS` of `make matrix`"], rows)


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def _name(target: str) -> str:
    flavor, comma, rest = target.partition(",")
    return NAMES[flavor] + comma + rest


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
