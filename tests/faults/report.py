"""docs/fault-matrix.md and docs/fault-matrix.svg, drawn from the measured cells."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tests.faults.cell import GRADES, Cell
from tests.faults.expected import expected_of
from tests.faults.figures import Run
from tests.faults.ledger import Balance
from tests.faults.picture import draw
from tests.faults.table import FAULTS
from tests.faults.variants import THREADS, VARIANTS, WORKERS
from tests.support.service import PROJECT

PAGE = PROJECT / "docs" / "fault-matrix.md"
PICTURE = PROJECT / "docs" / "fault-matrix.svg"
MAIN = "mariadb"  # shown in full, and compared with
NAMES = {"mariadb": "MariaDB", "mysql": "MySQL"}

HEAD = f"""# Every fault against every strategy

Each way in which a connection dies was made to happen for real, through gunicorn ({WORKERS}
preloaded workers of {THREADS} threads), while clients read, wrote, and wrote with an
`Idempotency-Key`. What they were told was then compared with what the database holds. This page
is written by `make matrix`, which also compares each cell with `tests/faults/expected.toml`. It
shows MariaDB without TLS in full, and of [the others](#elsewhere) what differs and `adaptive`; all
figures are in [fault-matrix.json](fault-matrix.json).

![the table as a picture](fault-matrix.svg)

{{grades}}

After a grade: how many of the requests failed, or the longest wait. A client waits for ten seconds.

What all strategies have in common is `Database`: it opens each unit with an explicit BEGIN, repeats
a lost read once, runs a lost unit again, and sets the timeouts of every socket
([connections.md](connections.md)). What the popular answers do without it, as people write them and
with their libraries' defaults, is in the columns that begin with *bare*
(`tests/faults/bare_app.py`): a connection per request as in Flask's tutorial, DBUtils' `PooledDB`,
SQLAlchemy's engine with `pool_recycle`, and with `pool_pre_ping`. They run nothing again, and
answer 500. `single` runs with one thread a worker: with more it garbles answers without any fault.

## The faults

{{faults}}
"""

ELSEWHERE = """## Elsewhere

The cells that came out somewhere as they do not on MariaDB without TLS. What chance decides there
is not listed. Empty: not measured.
"""
ADAPTIVE = """### `adaptive` everywhere
"""
MEASURED = f"""## When it was measured

There are {len(FAULTS) * len(VARIANTS)} cells for each server. One that is measured again takes the
place of the older one; by which command each was is in the JSON, in `runs`.
"""


def write(cells: Sequence[Cell], runs: Mapping[str, Run]) -> None:
    """Write the page and the picture."""
    PAGE.write_text(page(cells, runs))
    if shown := [cell for cell in cells if cell.place == MAIN]:
        PICTURE.write_text(draw(shown, list(FAULTS), list(VARIANTS)))


def page(cells: Sequence[Cell], runs: Mapping[str, Run]) -> str:
    """Give the page as Markdown."""
    grades = "\n".join(f"- **{grade}**: {meaning}" for grade, meaning in GRADES.items())
    faults = _table(["fault", "how"], [[f"`{fault.name}`", fault.how] for fault in FAULTS.values()])
    parts = [HEAD.format(grades=grades, faults=faults)]
    if main := [cell for cell in cells if cell.place == MAIN]:
        parts += [f"## {_name(MAIN)}\n", _matrix(main), _details(main)]
    if len(places := list(dict.fromkeys(cell.place for cell in cells))) > 1:
        parts += [ELSEWHERE, _differences(cells, places), ADAPTIVE, _adaptive(cells, places)]
    parts += [MEASURED, _measured(cells, runs)]
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
    match cell.grade:
        case "clean":
            return "clean"
        case "late":
            return f"late, {cell.worst:.1f} s"
        case "corrupt":
            wrong = str(Balance(**cell.balance)) if any(cell.balance.values()) else ""
            return f"**corrupt**, {wrong or 'answers mixed up'}"
        case "fails":
            return f"fails, {cell.failed}/{cell.requests}"
    return f"**{cell.grade}**, {cell.failed}/{cell.requests}"


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
            str(Balance(**cell.balance)),
        ]
        for cell in cells
        if cell.variant == "adaptive"
    ]
    heads = ["`adaptive`", "answers", "p99", "worst", "`livez`", "opened", "first success", "data"]
    legend = (
        "\n`livez`: its longest answer while it went on. opened: connections opened by all workers "
        "since they started. first success: after all was well again. data: the ledger, compared "
        "with what the clients were told.\n"
    )
    return _table(heads, rows) + legend if rows else ""


def _differences(cells: Sequence[Cell], places: Sequence[str]) -> str:
    found = {(cell.fault, cell.variant, cell.position): cell for cell in cells}
    rows = [
        [f"`{fault}`", variant, *(_short(found.get((fault, variant, place))) for place in places)]
        for fault in FAULTS
        for variant in VARIANTS
        if any(_differs(found.get((fault, variant, place))) for place in places)
    ]
    return _table(["", "", *map(_name, places)], rows)


def _differs(cell: Cell | None) -> bool:
    """Whether it could not have come out so at the main place."""
    return cell is not None and cell.grade not in expected_of(cell.fault, cell.variant, MAIN)


def _adaptive(cells: Sequence[Cell], places: Sequence[str]) -> str:
    found = {(cell.fault, cell.position): cell for cell in cells if cell.variant == "adaptive"}
    rows = [
        [f"`{fault}`", *(_short(found.get((fault, place))) for place in places)] for fault in FAULTS
    ]
    return _table(["", *map(_name, places)], rows)


def _measured(cells: Sequence[Cell], runs: Mapping[str, Run]) -> str:
    counted = Counter((cell.place, cell.version, runs[cell.run].day) for cell in cells)
    rows = [
        [
            f"{NAMES[flavor]} {version}{comma}{rest}",
            str(count),
            day,
            f"`--server {flavor} --tls {'tls' if rest else 'plain'}`",
        ]
        for (place, version, day), count in sorted(counted.items())
        for flavor, comma, rest in [place.partition(",")]
    ]
    return _table(["server", "cells", "day", "`ARGS` of `make matrix`"], rows)


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def _name(place: str) -> str:
    flavor, comma, rest = place.partition(",")
    return NAMES[flavor] + comma + rest


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
