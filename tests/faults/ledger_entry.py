"""HTTP interface of the ledger, shared by all applications under test.

    GET  /read?nonce=&sleep=     the response repeats the nonce and names the worker process
    POST /write?entry=&...       one transaction that writes two rows, see `ledger`
    POST /leave?state=           leaves a changed session behind, see `STATES`
    GET  /readyz                 readiness

`/read` with `check_session` repeats the nonce only if the session is unchanged. `/write` accepts
`rows` (counters to update, one before each half), `read_first` (reads the last of them before, so
that the transaction has a snapshot), `pause` (seconds after that and between the halves, on the
first attempt only), `hold` (a file; the first attempt waits until it is removed) and `size` (bytes
of filler). An `Idempotency-Key` is stored in the same transaction, so that a retry finds it.
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
# On MySQL, a killed SLEEP only returns a value other than 0; the error is raised at the next row.
READ_SLOWLY = "SELECT %s AS nonce FROM counter WHERE counter_id <= 2 AND SLEEP(%s) = 0 LIMIT 1"
READ_IF_UNCHANGED = """
    SELECT IF(@@autocommit = %s AND @tenant IS NULL AND @@sql_mode <> '', %s, 'changed session')
        AS nonce
"""
TAKE_SNAPSHOT = "SELECT touched FROM counter WHERE counter_id = %s"
# Session state that `/leave` leaves behind, and the statements of a transaction that leave it. The
# procedure is called outside of a transaction; it begins one and does not end it.
STATES: dict[str, tuple[str, ...]] = {
    "variables": ("SET autocommit = 0", "SET @tenant = 5", "SET SESSION sql_mode = ''"),
    "open transaction": (),
    "table lock": ("LOCK TABLES ledger WRITE",),
}
CALL_LEAVE_OPEN = "CALL leave_open(%s)"


def read_query(request: Request, *, autocommit: bool) -> tuple[str, tuple[object, ...]]:
    """Return the query that selects the nonce, immediately or after `sleep` seconds."""
    nonce, sleep = request.args.get("nonce", ""), request.args.get("sleep", type=float)
    if "check_session" in request.args:
        return READ_IF_UNCHANGED, (int(autocommit), nonce)
    return (READ_SLOWLY, (nonce, sleep)) if sleep else (READ, (nonce,))


@dataclass
class Entry:
    """One transaction; `attempts` counts how often it was started."""

    name: str
    key: str | None = None
    rows: list[int] = field(default_factory=list)
    pause_seconds: float = 0
    hold: Path | None = None
    size_bytes: int = 0
    reads_first: bool = False
    attempts: int = 0

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Return the entry that a `/write` request describes."""
        return cls(
            name=request.args["entry"],
            key=request.headers.get("Idempotency-Key"),
            rows=[int(row) for row in request.args.get("rows", "").split(",") if row],
            pause_seconds=request.args.get("pause", 0.0, float),
            hold=Path(held) if (held := request.args.get("hold")) else None,
            size_bytes=request.args.get("size", 0, int),
            reads_first="read_first" in request.args,
        )

    def write(self, execute: Execute) -> None:
        """Write both halves."""
        self.attempts += 1
        if self.key is not None:
            execute(ADD_KEY, (self.key,))
        if self.reads_first:
            execute(TAKE_SNAPSHOT, (self.rows[-1],))
            self._pause()
        self._write_half(execute, 1)
        self._pause()
        self._write_half(execute, 2)

    def _pause(self) -> None:
        if self.attempts == 1:
            time.sleep(self.pause_seconds)
            while self.hold and self.hold.exists():
                time.sleep(0.01)

    def _write_half(self, execute: Execute, half: int) -> None:
        for row in self.rows[half - 1 : half]:
            execute(TOUCH, (row,))
        execute(ADD_HALF, (self.name, half, "x" * self.size_bytes))
