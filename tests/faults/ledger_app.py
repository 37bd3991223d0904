"""A small service on the application's own `Database`, whose answers can be checked.

    GET  /read?nonce=&sleep=     a read in autocommit; the answer repeats the nonce
    POST /write?entry=&...       a unit of work given as a callable: two rows, see `ledger`
    GET  /livez, /statistics

`/write` takes `rows` (counters that it touches, each before a half), `pause` (seconds between
the halves, in the first run only) and `size` (bytes of filler). With an `Idempotency-Key` the
key is stored in the same transaction, so that a second time finds the first one. Served by the
project's gunicorn.conf.py as `tests.faults.ledger_app:app`.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app, request

from app import errors
from app.db.database import Database, open_database
from app.db.errors import DuplicateKey
from app.db.transaction import Transaction
from app.http import json, request_ids
from app.settings import Settings, load_settings

ADD_HALF = """
    INSERT INTO ledger (entry, half, connection_id, filler)
    VALUES (%s, %s, CONNECTION_ID(), %s)
"""
ADD_KEY = "INSERT INTO ledger_key (idempotency_key) VALUES (%s)"
TOUCH = "UPDATE counter SET touched = touched + 1 WHERE counter_id = %s"
READ = "SELECT %s AS nonce, CONNECTION_ID() AS connection_id"
# A SLEEP in a condition is interrupted with an error on MySQL, too.
READ_SLOWLY = "SELECT %s AS nonce FROM counter WHERE counter_id = 1 AND SLEEP(%s) = 0"
Body = dict[str, Any]


@dataclass
class Work:
    """One unit; `runs` counts how often it was begun."""

    entry: str
    key: str | None
    rows: list[int]
    pause_seconds: float
    size_bytes: int
    runs: int = field(default=0)

    def __call__(self, tx: Transaction) -> None:
        """Write both halves."""
        self.runs += 1
        if self.key is not None:
            tx.execute(ADD_KEY, (self.key,))
        self._write_half(tx, 1)
        if self.runs == 1:
            time.sleep(self.pause_seconds)
        self._write_half(tx, 2)

    def _write_half(self, tx: Transaction, half: int) -> None:
        for row in self.rows[half - 1 : half]:
            tx.execute(TOUCH, (row,))
        tx.execute(ADD_HALF, (self.entry, half, "x" * self.size_bytes))


def create_app(settings: Settings) -> Flask:
    """Build the service; `CONNECT_BEFORE_FORK` has it connect at once, as one should not."""
    app = Flask(__name__, static_folder=None)
    database = open_database(settings)
    if os.environ.get("CONNECT_BEFORE_FORK"):
        for _ in range(3):
            database.fetch_one("SELECT 'before the fork' AS word")
    app.extensions["database"] = database
    app.teardown_appcontext(lambda error: database.end_request())
    app.json = json.Provider(app)
    request_ids.register(app)
    errors.register(app)
    routes: dict[str, tuple[str, Callable[[], tuple[Body, int]]]] = {
        "/read": ("GET", read),
        "/write": ("POST", write),
        "/livez": ("GET", livez),
        "/statistics": ("GET", statistics),
    }
    for path, (method, view) in routes.items():
        app.add_url_rule(path, view_func=view, methods=[method])
    return app


def read() -> tuple[Body, int]:
    """Ask for the nonce back, at once or slowly."""
    nonce, sleep = request.args.get("nonce", ""), request.args.get("sleep", type=float)
    if sleep:
        row = _database().fetch_one(READ_SLOWLY, (nonce, sleep))
    else:
        row = _database().fetch_one(READ, (nonce,))
    assert row is not None
    return {"nonce": row["nonce"]}, 200


def write() -> tuple[Body, int]:
    """Run the unit; with a key it may be run again also where its outcome is unknown."""
    work = Work(
        entry=request.args["entry"],
        key=request.headers.get("Idempotency-Key"),
        rows=[int(row) for row in request.args.get("rows", "").split(",") if row],
        pause_seconds=request.args.get("pause", 0.0, float),
        size_bytes=request.args.get("size", 0, int),
    )
    try:
        _database().run(work, idempotent=work.key is not None)
    except DuplicateKey:
        return {"entry": work.entry, "replayed": True}, 201
    return {"entry": work.entry, "runs": work.runs}, 201


def livez() -> tuple[Body, int]:
    """Say that the process lives; the database is not asked."""
    return {"status": "alive"}, 200


def statistics() -> tuple[Body, int]:
    """Say what this worker's `Database` has counted."""
    return {"pid": os.getpid(), **_database().statistics()}, 200


def _database() -> Database:
    database: Database = current_app.extensions["database"]
    return database


if "DATABASE_URL" in os.environ:
    app = create_app(load_settings())
