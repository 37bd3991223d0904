"""The password of the database, if it is not part of DATABASE_URL."""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from app.db import DatabaseUrl


class BadPassword(ValueError):
    """The password is set twice or cannot be read; the message says how to correct it."""


class Source(Protocol):
    """The settings that may contain the password."""

    @property
    def database_url(self) -> DatabaseUrl: ...
    @property
    def database_password(self) -> SecretStr | None: ...
    @property
    def database_password_file(self) -> str | None: ...


def complete(settings: Source) -> DatabaseUrl:
    """Return the URL of the database with its password; raises `BadPassword`."""
    url, given, file = (
        settings.database_url,
        settings.database_password,
        settings.database_password_file,
    )
    variables = {
        "the password in DATABASE_URL": url.password,
        "DATABASE_PASSWORD": given,
        "DATABASE_PASSWORD_FILE": file,
    }
    present = [name for name, value in variables.items() if value]
    if len(present) > 1:
        raise BadPassword(f"{' and '.join(present)} are set: use one of them")
    if given is not None:
        return replace(url, password=given.get_secret_value())
    return url if file is None else replace(url, password=_read(file))


def _read(file: str) -> str:
    try:
        password = Path(file).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise BadPassword(f"DATABASE_PASSWORD_FILE={file!r}: cannot be read ({reason})") from None
    if not password:
        raise BadPassword(f"DATABASE_PASSWORD_FILE={file!r}: the file is empty")
    return password
