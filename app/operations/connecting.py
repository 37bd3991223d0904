"""Open one connection; a failure is reported as the setting to change."""

from app.db.connection import DriverConnection
from app.db.connector import Connector
from app.db.errors import code_of
from app.settings import BadSettings, Settings

# Server and client error numbers (see `app.db.errors`), the setting, and what to do.
EXPLANATIONS = [
    ({1045, 1698, 1130}, "DATABASE_URL", "the server rejects this user or password; check both"),
    ({1049, 1044}, "DATABASE_URL", "this user has no such database; create it or use another name"),
    (
        {2026},
        "DB_SSL_MODE",
        "TLS failed; use a mode that the server supports, or correct DB_SSL_CA",
    ),
    (
        {1820, 1862, 3118, 3955, 4150, 4151},
        "DATABASE_URL",
        "this account is locked, or its password has expired; unlock it or set a new password",
    ),
    ({3159}, "DB_SSL_MODE", "the server requires TLS; use REQUIRED or a stricter mode"),
    ({1040, 1203, 1226}, "DATABASE_URL", "the server's connection limit is reached; raise it"),
    (
        {2059, 2061},
        "DATABASE_URL",
        "the driver cannot use this account's authentication plugin; install what it needs, or "
        "change the account",
    ),
]


def connect(connector: Connector, settings: Settings) -> DriverConnection:
    """Open a connection; raises `BadSettings` that names the variable to change."""
    try:
        return connector()
    except connector.dbapi.Error as error:
        text = _one_line(error)
        variable, allowed = _explain(code_of(error), text)
        value = settings.db_ssl_mode if variable == "DB_SSL_MODE" else settings.database_url
        raise BadSettings(f"{variable}='{value}': {allowed} ({text})") from None


def _explain(code: int, text: str) -> tuple[str, str]:
    for codes, variable, allowed in EXPLANATIONS:
        if code in codes:
            return variable, allowed
    if "[Errno 13]" in text or text.endswith("(13)"):  # EACCES: PyMySQL, mysqlclient
        return "DATABASE_URL", "this process may not use the socket; change its permissions"
    return "DATABASE_URL", "no server responds at this address; start it or correct the address"


def _one_line(error: Exception) -> str:
    text = str(error.args[-1] if error.args else error)
    return " ".join(text.split())
