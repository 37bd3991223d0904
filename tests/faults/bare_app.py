"""Common solutions as usually written, with library defaults and none of this project's code.

Has the same routes as `ledger_app` and is served the same way. `BARE_IMPLEMENTATION` selects the
solution. A transaction is a few statements and a commit; it is not retried, and errors become
Flask's status 500.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from itertools import count
from typing import Any

import pymysql
import sqlalchemy.exc
from dbutils.pooled_db import PooledDB
from flask import Flask, g, request
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL

from app.db.url import DatabaseUrl
from tests.faults.ledger_entry import CALL_LEAVE_OPEN, STATES, Entry, Execute, read_query

Transaction = Callable[[], AbstractContextManager[Execute]]
Arguments = dict[str, Any]

POOL_SIZE = 8
RECYCLE_SECONDS = 180
INTEGRITY_ERRORS = (pymysql.err.IntegrityError, sqlalchemy.exc.IntegrityError)


class Unfinished(Exception):
    """The transaction ends without a commit."""


class CountedConnection(pymysql.connections.Connection):
    """PyMySQL's connection, counting how many were opened."""

    numbers = count(1)
    opened = 0

    def connect(self, sock: Any = None) -> None:
        """Count, then connect."""
        CountedConnection.opened = next(self.numbers)
        super().connect(sock)


def per_request(app: Flask, arguments: Arguments) -> Transaction:
    """Flask's tutorial: opened on first use, stored in `g`, closed when the request ends."""

    @app.teardown_appcontext
    def close(error: BaseException | None) -> None:
        if (connection := g.pop("connection", None)) is not None:
            connection.close()

    @contextmanager
    def transaction() -> Iterator[Execute]:
        if "connection" not in g:
            g.connection = pymysql.connect(**arguments)
        with g.connection.cursor() as cursor:
            yield _execute_on(cursor)
        g.connection.commit()

    return transaction


def dbutils(app: Flask, arguments: Arguments) -> Transaction:
    """DBUtils' pool with its defaults, bounded and blocking; it pings on checkout."""
    pool = PooledDB(pymysql, maxconnections=POOL_SIZE, blocking=True, **arguments)

    @contextmanager
    def transaction() -> Iterator[Execute]:
        with closing(pool.connection()) as connection, closing(connection.cursor()) as cursor:
            yield _execute_on(cursor)
            connection.commit()

    return transaction


def pool_recycle(app: Flask, arguments: Arguments) -> Transaction:
    """SQLAlchemy's pool that replaces connections by age."""
    return _transactions_of(create_engine(_url(arguments), pool_recycle=RECYCLE_SECONDS))


def pool_pre_ping(app: Flask, arguments: Arguments) -> Transaction:
    """SQLAlchemy's pool that pings each connection on checkout."""
    return _transactions_of(create_engine(_url(arguments), pool_pre_ping=True))


IMPLEMENTATIONS: dict[str, Callable[[Flask, Arguments], Transaction]] = {
    "per_request": per_request,
    "dbutils": dbutils,
    "pool_recycle": pool_recycle,
    "pool_pre_ping": pool_pre_ping,
}


def create_app(implementation: str, url: DatabaseUrl) -> Flask:
    """Create the application with one of the implementations."""
    app = Flask(__name__, static_folder=None)
    pymysql.connect = CountedConnection
    transaction = IMPLEMENTATIONS[implementation](
        app,
        {
            "host": url.host,
            "port": url.port,
            "unix_socket": url.unix_socket,
            "user": url.user,
            "password": url.password,
            "database": url.name,
            # No TLS where the other variants use none, so that the proxy can read packets.
            "ssl_disabled": os.environ["DB_SSL_MODE"] == "DISABLED",
        },
    )
    if os.environ.get("CONNECT_BEFORE_FORK"):
        with app.app_context(), transaction() as execute:
            execute("SELECT 'before the fork'", ())
    _add_routes(app, transaction)
    return app


def _add_routes(app: Flask, transaction: Transaction) -> None:
    @app.get("/read")
    def read() -> dict[str, object]:
        with transaction() as execute:
            (row,) = execute(*read_query(request, autocommit=False))
        return {"nonce": row[0], "worker": os.getpid()}

    @app.post("/write")
    def write() -> tuple[dict[str, object], int]:
        entry = Entry.from_request(request)
        try:
            with transaction() as execute:
                entry.write(execute)
        except INTEGRITY_ERRORS:
            return {"entry": entry.name, "duplicate": True}, 201
        return {"entry": entry.name}, 201

    @app.post("/leave")
    def leave() -> tuple[dict[str, object], int]:
        state = request.args["state"]
        with transaction() as execute:
            for statement in STATES[state]:
                execute(statement, ())
        if not STATES[state]:
            # Without a commit, because the statement was expected to be complete.
            with suppress(Unfinished), transaction() as execute:
                execute(CALL_LEAVE_OPEN, (secrets.token_hex(16),))
                raise Unfinished
        return {"left": state}, 201

    @app.get("/readyz")
    def readyz() -> dict[str, object]:
        with transaction() as execute:
            execute("SELECT 1", ())
        return {"status": "ready"}

    @app.get("/livez")
    def livez() -> dict[str, object]:
        return {"status": "alive"}

    @app.get("/statistics")
    def statistics() -> dict[str, object]:
        return {"pid": os.getpid(), "opened": CountedConnection.opened}


def _execute_on(cursor: Any) -> Execute:
    def execute(sql: str, params: tuple[object, ...]) -> Any:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else ()

    return execute


def _transactions_of(engine: Engine) -> Transaction:
    @contextmanager
    def transaction() -> Iterator[Execute]:
        with engine.begin() as connection:

            def execute(sql: str, params: tuple[object, ...]) -> Any:
                result = connection.exec_driver_sql(sql, params)
                return result.all() if result.returns_rows else ()

            yield execute

    return transaction


def _url(arguments: Arguments) -> URL:
    return URL.create(
        "mysql+pymysql",
        username=arguments["user"],
        password=arguments["password"],
        host=arguments["host"],
        port=arguments["port"],
        database=arguments["database"],
        query={
            **({"ssl_disabled": "true"} if arguments["ssl_disabled"] else {}),
            **({"unix_socket": socket} if (socket := arguments["unix_socket"]) else {}),
        },
    )


if "BARE_IMPLEMENTATION" in os.environ:
    app = create_app(
        os.environ["BARE_IMPLEMENTATION"], DatabaseUrl.parse(os.environ["DATABASE_URL"])
    )
