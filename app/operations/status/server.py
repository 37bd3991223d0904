"""The database server, as its own variables describe it."""

from app.db import Database
from app.db.errors import DatabaseError
from app.db.probe import probe
from app.db.transaction import Reader
from app.operations import schema
from app.operations.status.schemas import Server

VARIABLES = """
    SELECT VERSION() AS version, @@wait_timeout AS wait_timeout_seconds,
        @@max_connections AS max_connections
"""
CONNECTED = "SHOW GLOBAL STATUS LIKE 'Threads_connected'"


def read(db: Database) -> tuple[Server | None, str | None]:
    """Return the server and None, or None and one sentence on why it cannot be asked.

    It waits no longer than a health check.
    """
    try:
        return probe(db.connections, _read), None
    except DatabaseError as error:
        return None, schema.describe(error)


def _read(reader: Reader) -> Server:
    variables = reader.fetch_one(VARIABLES) or {}
    connected = reader.fetch_one(CONNECTED) or {}
    return Server(**variables, connections=int(connected["Value"]))
