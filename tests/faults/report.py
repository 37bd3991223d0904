"""docs/fault-matrix.md and docs/fault-matrix.svg, drawn from the measured cells."""

from collections.abc import Iterable, Sequence

from tests.faults.cell import GRADES, Cell
from tests.faults.ledger import Balance
from tests.faults.picture import draw
from tests.faults.table import FAULTS
from tests.faults.variants import THREADS, VARIANTS, WORKERS
from tests.support.service import PROJECT

PAGE = PROJECT / "docs" / "fault-matrix.md"
PICTURE = PROJECT / "docs" / "fault-matrix.svg"
IN_THE_PICTURE = "mariadb"
NAMES = {"mariadb": "MariaDB", "mysql": "MySQL"}

HEAD = f"""# Every fault against every strategy

Each way in which a connection dies was made to happen for real, through gunicorn ({WORKERS}
preloaded workers of {THREADS} threads), while clients read, wrote, and wrote with an
`Idempotency-Key`. What they were told was then compared with what the database holds. This page
is written by `make matrix`, which also compares each cell with `tests/faults/expected.toml`. All
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


def write(cells: Sequence[Cell]) -> None:
    """Write the page and the picture."""
    places = list(dict.fromkeys(cell.place for cell in cells))
    grades = "\n".join(f"- **{grade}**: {meaning}" for grade, meaning in GRADES.items())
    faults = _table(["fault", "how"], [[f"`{fault.name}`", fault.how] for fault in FAULTS.values()])
    parts = [HEAD.format(grades=grades, faults=faults)]
    for place in places:
        of_place = [cell for cell in cells if cell.place == place]
        parts += [f"## {_name(place)}\n", _matrix(of_place), _details(of_place)]
    PAGE.write_text("\n".join(parts).rstrip() + "\n")
    if shown := [cell for cell in cells if cell.place == IN_THE_PICTURE]:
        PICTURE.write_text(draw(shown, list(FAULTS), list(VARIANTS)))


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


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def _name(place: str) -> str:
    flavor, comma, rest = place.partition(",")
    return NAMES[flavor] + comma + rest


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
