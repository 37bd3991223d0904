"""Reaching the server once, with an answer an operator can act on."""

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
        return "DATABASE_URL", "the server refuses this user or password; use one that it knows"
    if code in {1049, 1044}:
        return "DATABASE_URL", "no such database for this user; create it or name another"
    if code == 2026:
        return "DB_SSL_MODE", "TLS fails; use a mode that the server supports, or mend DB_SSL_CA"
    if code in {1040, 1203, 1226}:
        return "DATABASE_URL", "the server has no connection left; raise its limit"
    return "DATABASE_URL", "no server answers there; start it or name another"


def _first_line(error: Exception) -> str:
    return str(error.args[-1] if error.args else error).splitlines()[0]
