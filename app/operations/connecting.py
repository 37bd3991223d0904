"""Open one connection; a failure is reported as the setting to change."""

from app.db.connection import DriverConnection
from app.db.connector import Connector
from app.db.errors import code_of
from app.settings import BadSettings, Settings


def connect(connector: Connector, settings: Settings) -> DriverConnection:
    """Open a connection; raises `BadSettings` that names the variable to change."""
    try:
        return connector()
    except connector.dbapi.Error as error:
        variable, allowed = _explain(code_of(error))
        value = settings.db_ssl_mode if variable == "DB_SSL_MODE" else settings.database_url
        raise BadSettings(f"{variable}='{value}': {allowed} ({_first_line(error)})") from None


def _explain(code: int) -> tuple[str, str]:
    if code in {1045, 1698, 1130}:
        return "DATABASE_URL", "the server rejects this user or password; check both"
    if code in {1049, 1044}:
        return "DATABASE_URL", "this user has no such database; create it or use another name"
    if code == 2026:
        return (
            "DB_SSL_MODE",
            "TLS failed; use a mode that the server supports, or correct DB_SSL_CA",
        )
    if code in {1040, 1203, 1226}:
        return "DATABASE_URL", "the server's connection limit is reached; raise it"
    return "DATABASE_URL", "no server responds at this address; start it or correct the address"


def _first_line(error: Exception) -> str:
    return str(error.args[-1] if error.args else error).splitlines()[0]
