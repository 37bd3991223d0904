"""Storage of measurements in docs/cluster.json, with the command that measured each."""

import json
import shlex
import subprocess
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from tests.cluster.events import EVENTS
from tests.cluster.measurement import Measurement
from tests.support.service import PROJECT

FILE = PROJECT / "docs" / "cluster.json"
NAMES = [event.name for event in EVENTS]


@dataclass(frozen=True, slots=True)
class Run:
    """One command, its start time and the commit of the code."""

    started: str
    command: str
    commit: str = ""

    @classmethod
    def now(cls, arguments):
        command = shlex.join(["python", "-m", "tests.cluster", *arguments])
        return cls(datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"), command, _commit())


class ResultStore:
    """The latest measurement of each event on each topology."""

    def __init__(self, file=FILE):
        self._file = file

    def add(self, result, run):
        """Store a measurement, replacing an older one."""
        results, runs = self._read()
        results[result.key] = replace(result, run=run.started)
        runs[run.started] = run
        used = {result.run for result in results.values()}
        rows = [json.dumps(it.as_dict(), sort_keys=True) for it in self._sorted(results)]
        kept = [json.dumps(asdict(runs[started])) for started in sorted(used)]
        text = ",\n".join
        self._file.write_text(f'{{"runs": [\n{text(kept)}\n],\n"results": [\n{text(rows)}\n]}}\n')

    def results(self):
        """Return all measurements in the order of the page."""
        return self._sorted(self._read()[0])

    def runs(self):
        """Return the runs by start time."""
        return self._read()[1]

    def _read(self):
        if not self._file.exists():
            return {}, {}
        found = json.loads(self._file.read_text())
        results = [Measurement(**row) for row in found["results"]]
        return (
            {result.key: result for result in results if result.event in NAMES},
            {run["started"]: Run(**run) for run in found["runs"]},
        )

    @staticmethod
    def _sorted(results):
        return sorted(
            results.values(),
            key=lambda it: (it.engine, it.route != "writer", NAMES.index(it.event)),
        )


def _commit():
    """Return the abbreviated commit, followed by "+" if files were changed; "" without git."""
    command = ["git", "-C", str(PROJECT), "describe", "--always", "--dirty=+", "--exclude=*"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
