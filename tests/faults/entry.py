"""An entry of the ledger as clients ask for it, in whichever way its connection was come by.

    GET  /read?nonce=&sleep=     the answer repeats the nonce, and names the worker
    POST /write?entry=&...       one unit of work: two rows, see `ledger`

`/write` takes `rows` (counters that it touches, each before a half), `pause` (seconds between
the halves, in the first run only), `hold` (a file: it waits there until that is gone, in the
first run only) and `size` (bytes of filler). With an `Idempotency-Key` the key is stored in the
same transaction, so that a second time finds the first one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from flask import Request

Execute = Callable[[str, tuple[object, ...]], Any]

ADD_HALF = """
    INSERT INTO ledger (entry, half, connection_id, filler)
    VALUES (%s, %s, CONNECTION_ID(), %s)
"""
ADD_KEY = "INSERT INTO ledger_key (idempotency_key) VALUES (%s)"
TOUCH = "UPDATE counter SET touched = touched + 1 WHERE counter_id = %s"
READ = "SELECT %s AS nonce, CONNECTION_ID() AS connection_id"
# On MySQL a SLEEP that is interrupted is only no longer 0; the error comes at the row after it.
READ_SLOWLY = "SELECT %s AS nonce FROM counter WHERE counter_id <= 2 AND SLEEP(%s) = 0 LIMIT 1"


def reading(request: Request) -> tuple[str, tuple[object, ...]]:
    """Give the statement that asks for the nonce back, at once or slowly."""
    nonce, sleep = request.args.get("nonce", ""), request.args.get("sleep", type=float)
    return (READ_SLOWLY, (nonce, sleep)) if sleep else (READ, (nonce,))


@dataclass
class Entry:
    """One unit; `runs` counts how often it was begun."""

    name: str
    key: str | None
    rows: list[int]
    pause_seconds: float
    hold: Path | None
    size_bytes: int
    runs: int = field(default=0)

    @classmethod
    def asked(cls, request: Request) -> Self:
        """Read what a client wants written."""
        return cls(
            name=request.args["entry"],
            key=request.headers.get("Idempotency-Key"),
            rows=[int(row) for row in request.args.get("rows", "").split(",") if row],
            pause_seconds=request.args.get("pause", 0.0, float),
            hold=Path(held) if (held := request.args.get("hold")) else None,
            size_bytes=request.args.get("size", 0, int),
        )

    def write(self, execute: Execute) -> None:
        """Write both halves."""
        self.runs += 1
        if self.key is not None:
            execute(ADD_KEY, (self.key,))
        self._write_half(execute, 1)
        if self.runs == 1:
            time.sleep(self.pause_seconds)
            while self.hold and self.hold.exists():
                time.sleep(0.01)
        self._write_half(execute, 2)

    def _write_half(self, execute: Execute, half: int) -> None:
        for row in self.rows[half - 1 : half]:
            execute(TOUCH, (row,))
        execute(ADD_HALF, (self.name, half, "x" * self.size_bytes))
