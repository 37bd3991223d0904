"""Parses `mysql://user:password@host:port/name`.

With the standard library and not with pydantic's `MySQLDsn`: this package requires PyMySQL only.
"""

import re
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

FORM = "mysql://user:password@host:port/name"
SCHEMES = ("mysql", "mariadb", "mysql+pymysql", "mysql+mysqldb")


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """One database on one server, and the account that connects to it."""

    user: str
    password: str = field(repr=False)
    host: str
    port: int
    name: str
    unix_socket: str | None = None

    @classmethod
    def parse(cls, value: object) -> Self:
        """Parse a URL; raises `ValueError` that says what is wrong with it."""
        if isinstance(value, cls):
            return value
        parts = urlsplit(str(value))
        if parts.scheme not in SCHEMES:
            raise ValueError(f"use {FORM}")
        query = parse_qs(parts.query, keep_blank_values=True)
        unknown = sorted(set(query) - {"unix_socket"})
        if unknown:
            raise ValueError(f"unknown parameter {unknown[0]!r}; only unix_socket is allowed")
        name = unquote(parts.path.removeprefix("/"))
        missing = [
            word
            for word, given in [
                ("user", parts.username),
                ("host", parts.hostname or query.get("unix_socket")),
                ("database name", name),
            ]
            if not given
        ]
        if missing:
            raise ValueError(f"the {' and the '.join(missing)} is missing; use {FORM}")
        return cls(
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            host=parts.hostname or "localhost",
            port=_port(parts),
            name=name,
            unix_socket=query.get("unix_socket", [None])[0],
        )

    @staticmethod
    def masked(text: str) -> str:
        """Return the text without its password, for messages and logs.

        The text may be no URL at all: of the part before the last @ only the
        scheme is kept, and without any @ no word after a colon unless it is // or
        a port.
        """
        before, at, place = text.rpartition("@")
        if at:
            scheme = re.match(r"[\w+]+://", before)
            return f"{scheme[0] if scheme else ''}…@{place}"
        return re.sub(r":(?!//|\d*(?:/|$)).*", ":…", place)

    def __str__(self) -> str:
        """Return the URL without the password."""
        place = self.unix_socket or f"{self.host}:{self.port}"
        return f"mysql://{self.user}:…@{place}/{self.name}"


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or 3306
    except ValueError:
        raise ValueError(f"the port is a number from 1 to 65535; use {FORM}") from None
