"""Test application that writes the ledger through the project's `Database`.

Serves the routes described in `ledger_entry`, `GET /livez` and `GET /statistics`, with the
project's gunicorn.conf.py or under uWSGI, as `tests.faults.ledger_app:app`. `/readyz` is the
project's own.
"""

import os
import secrets
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, request

from app.db import Database
from app.db.errors import DuplicateKey
from app.http import error_handlers, json
from app.http.middleware import request_ids
from app.operations.health import Readyz
from app.settings import Settings, load_settings, open_database
from tests.faults.ledger_entry import CALL_LEAVE_OPEN, STATES, Entry, read_query

Body = dict[str, Any]


def create_app(settings: Settings) -> Flask:
    """Create the application; `CONNECT_BEFORE_FORK` makes it connect at once, as none should."""
    app = Flask(__name__, static_folder=None)
    database = open_database(settings)
    if os.environ.get("CONNECT_BEFORE_FORK"):
        for _ in range(3):
            database.fetch_one("SELECT 'before the fork' AS word")
    app.extensions["database"] = database
    app.teardown_appcontext(lambda error: database.end_request())
    app.json = json.Provider(app)
    request_ids.register(app)
    error_handlers.register(app)
    routes: dict[str, tuple[str, Callable[[], tuple[Body, int]]]] = {
        "/read": ("GET", read),
        "/write": ("POST", write),
        "/leave": ("POST", leave),
        "/livez": ("GET", livez),
        "/statistics": ("GET", statistics),
    }
    for path, (method, view) in routes.items():
        app.add_url_rule(path, view_func=view, methods=[method])
    app.add_url_rule("/readyz", view_func=Readyz.as_view("readyz"))
    return app


def read() -> tuple[Body, int]:
    """Return the nonce as selected from the database."""
    row = _database().fetch_one(*read_query(request, autocommit=True))
    assert row is not None
    return {"nonce": row["nonce"], "worker": os.getpid()}, 200


def write() -> tuple[Body, int]:
    """Run the transaction; with a key it is idempotent, so `Database` may retry it at any point."""
    entry = Entry.from_request(request)
    try:
        _database().run_transaction(
            lambda tx: entry.write(tx.execute), idempotent=entry.key is not None
        )
    except DuplicateKey:
        return {"entry": entry.name, "duplicate": True}, 201
    return {"entry": entry.name, "attempts": entry.attempts}, 201


def leave() -> tuple[Body, int]:
    """Leave a changed session behind, as careless code does."""
    state = request.args["state"]
    if statements := STATES[state]:
        with _database().transaction() as tx:
            for statement in statements:
                tx.execute(statement)
    else:
        _database().fetch_all(CALL_LEAVE_OPEN, (secrets.token_hex(16),))
    return {"left": state}, 201


def livez() -> tuple[Body, int]:
    """Return that the process is running, without a database query."""
    return {"status": "alive"}, 200


def statistics() -> tuple[Body, int]:
    """Return the counters of this worker's `Database`."""
    return {"pid": os.getpid(), **_database().statistics()}, 200


def _database() -> Database:
    database: Database = current_app.extensions["database"]
    return database


if "DATABASE_URL" in os.environ:
    app = create_app(load_settings())
