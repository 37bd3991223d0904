"""The popular answers as people write them, with their libraries' defaults and nothing of ours.

The same routes as `ledger_app`, served the same way, so that the same clients can ask it. `BARE`
chooses the answer. A unit is what most code on the web has: some statements and a commit. It is
not run again, and what goes wrong becomes Flask's 500.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from typing import Any

import pymysql
import sqlalchemy.exc
from dbutils.pooled_db import PooledDB
from flask import Flask, g, request
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL

from app.db.url import DatabaseUrl
from tests.faults.entry import Entry, Execute, reading

Unit = Callable[[], AbstractContextManager[Execute]]
Arguments = dict[str, Any]

POOL_SIZE = 8
RECYCLE_SECONDS = 180
BROKEN_RULES = (pymysql.err.IntegrityError, sqlalchemy.exc.IntegrityError)


class Counted(pymysql.connections.Connection):
    """A connection as it comes, but counted."""

    numbers = count(1)
    opened = 0

    def connect(self, sock: Any = None) -> None:
        """Connect as ever."""
        Counted.opened = next(self.numbers)
        super().connect(sock)


def per_request(app: Flask, arguments: Arguments) -> Unit:
    """Flask's own tutorial: opened at first use, kept in `g`, closed when the request ends."""

    @app.teardown_appcontext
    def close(error: BaseException | None) -> None:
        if (connection := g.pop("connection", None)) is not None:
            connection.close()

    @contextmanager
    def unit() -> Iterator[Execute]:
        if "connection" not in g:
            g.connection = pymysql.connect(**arguments)
        with g.connection.cursor() as cursor:
            yield _execute_on(cursor)
        g.connection.commit()

    return unit


def dbutils(app: Flask, arguments: Arguments) -> Unit:
    """DBUtils' pool with its defaults, bounded and blocking: it pings what it hands out."""
    pool = PooledDB(pymysql, maxconnections=POOL_SIZE, blocking=True, **arguments)

    @contextmanager
    def unit() -> Iterator[Execute]:
        with closing(pool.connection()) as connection, closing(connection.cursor()) as cursor:
            yield _execute_on(cursor)
            connection.commit()

    return unit


def pool_recycle(app: Flask, arguments: Arguments) -> Unit:
    """SQLAlchemy's pool, whose connections are replaced by age."""
    return _units_of(create_engine(_url(arguments), pool_recycle=RECYCLE_SECONDS))


def pool_pre_ping(app: Flask, arguments: Arguments) -> Unit:
    """SQLAlchemy's pool, whose connections are asked before each use."""
    return _units_of(create_engine(_url(arguments), pool_pre_ping=True))


ANSWERS: dict[str, Callable[[Flask, Arguments], Unit]] = {
    "per_request": per_request,
    "dbutils": dbutils,
    "pool_recycle": pool_recycle,
    "pool_pre_ping": pool_pre_ping,
}


def create_app(answer: str, url: DatabaseUrl) -> Flask:
    """Build the service on one of the answers."""
    app = Flask(__name__, static_folder=None)
    pymysql.connect = Counted
    unit = ANSWERS[answer](
        app,
        {
            "host": url.host,
            "port": url.port,
            "user": url.user,
            "password": url.password,
            "database": url.name,
            # Where the others speak in the clear, so do these: a proxy has to listen in.
            "ssl_disabled": os.environ["DB_SSL_MODE"] == "DISABLED",
        },
    )
    if os.environ.get("CONNECT_BEFORE_FORK"):
        with app.app_context(), unit() as execute:
            execute("SELECT 'before the fork'", ())
    _add_routes(app, unit)
    return app


def _add_routes(app: Flask, unit: Unit) -> None:
    @app.get("/read")
    def read() -> dict[str, object]:
        with unit() as execute:
            (row,) = execute(*reading(request))
        return {"nonce": row[0], "worker": os.getpid()}

    @app.post("/write")
    def write() -> tuple[dict[str, object], int]:
        entry = Entry.asked(request)
        try:
            with unit() as execute:
                entry.write(execute)
        except BROKEN_RULES:
            return {"entry": entry.name, "replayed": True}, 201
        return {"entry": entry.name}, 201

    @app.get("/livez")
    def livez() -> dict[str, object]:
        return {"status": "alive"}

    @app.get("/statistics")
    def statistics() -> dict[str, object]:
        return {"pid": os.getpid(), "opened": Counted.opened}


def _execute_on(cursor: Any) -> Execute:
    def execute(sql: str, params: tuple[object, ...]) -> Any:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else ()

    return execute


def _units_of(engine: Engine) -> Unit:
    @contextmanager
    def unit() -> Iterator[Execute]:
        with engine.begin() as connection:

            def execute(sql: str, params: tuple[object, ...]) -> Any:
                result = connection.exec_driver_sql(sql, params)
                return result.all() if result.returns_rows else ()

            yield execute

    return unit


def _url(arguments: Arguments) -> URL:
    return URL.create(
        "mysql+pymysql",
        username=arguments["user"],
        password=arguments["password"],
        host=arguments["host"],
        port=arguments["port"],
        database=arguments["database"],
        query={"ssl_disabled": "true"} if arguments["ssl_disabled"] else {},
    )


if "BARE" in os.environ:
    app = create_app(os.environ["BARE"], DatabaseUrl.parse(os.environ["DATABASE_URL"]))
