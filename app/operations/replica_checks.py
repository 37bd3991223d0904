"""The doctor's check of DATABASE_READ_URL."""

from dataclasses import replace

from app.db.connector import Connector
from app.db.errors import DatabaseError
from app.db.gtid import APPLIED, COMMITTED, Position
from app.db.strategy import Checkout
from app.db.transaction import Reader, Transaction
from app.operations.finding import Finding
from app.settings import Settings

NAME = "DATABASE_READ_URL"
READ_ONLY = "SELECT @@GLOBAL.read_only AS read_only"


def findings(primary: Reader, settings: Settings) -> list[Finding]:
    """Check the replica, if there is one; `primary` reads from the server in DATABASE_URL."""
    if settings.database_read_url is None:
        return []
    config = replace(settings.database_config(), url=settings.database_read_url, read_url=None)
    connector = Connector(config)
    address = settings.database_read_url.address
    try:
        connection = connector()
    except connector.dbapi.Error as error:
        text = " ".join(str(error.args[-1]).split())
        return [Finding(NAME, f"no connection to {address} ({text})", "correct it or unset it")]
    try:
        return [_check(primary, Transaction(Checkout(connection), connector.dbapi.Error), address)]
    except (DatabaseError, ValueError) as error:
        return [Finding(NAME, f"the position of {address} is unknown ({error})", "unset it")]
    finally:
        connection.close()


def _check(primary: Reader, replica: Reader, address: str) -> Finding:
    committed, applied = _position(primary, COMMITTED), _position(replica, APPLIED)
    if not committed:
        remedy = "set log_bin on the primary (and gtid_mode=ON on MySQL), or unset it"
        return Finding(NAME, "the primary has no binary log with GTIDs", remedy)
    if not applied.names_sources_of(committed):
        remedy = "set up replication with GTIDs, or correct the address"
        return Finding(NAME, f"{address} is not a replica of the primary", remedy)
    if str((replica.fetch_one(READ_ONLY) or {})["read_only"]) in {"0", "OFF"}:
        remedy = "set read_only=1 on it, so that nothing can be written there by mistake"
        return Finding(NAME, f"{address} accepts writes", remedy)
    state = "has applied everything" if applied.covers(committed) else "is behind at this moment"
    return Finding(NAME, f"{address} {state}")


def _position(reader: Reader, sql: str) -> Position:
    row = reader.fetch_one(sql)
    return Position.parse(row["position"] if row else "")
