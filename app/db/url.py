"""Parses `mysql://user:password@host:port/name`.

With the standard library and not with pydantic's `MySQLDsn`: this package requires PyMySQL only.
"""

import re
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

FORM = "mysql://user:password@host:port/name"
CHARSET = "utf8mb4"  # of every connection
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
        _check_encoding(parts)
        query = parse_qs(parts.query, keep_blank_values=True)
        if query.get("unix_socket") == [""]:
            raise ValueError("unix_socket is empty; use a path")
        unknown = sorted(set(query) - {"unix_socket", "charset"})
        if unknown:
            raise ValueError(
                f"unknown parameter {unknown[0]!r}; only unix_socket and charset are allowed"
            )
        if query.get("charset", [CHARSET]) != [CHARSET]:
            raise ValueError(f"the charset is always {CHARSET}; leave it out")
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
            host=unquote(parts.hostname or "localhost"),  # a zone: [fe80::1%25eth0], RFC 6874
            port=_port(parts),
            name=name,
            unix_socket=query.get("unix_socket", [None])[0],
        )

    @property
    def address(self) -> str:
        """Return the path of the socket, or host and port; an IPv6 address is in brackets."""
        if self.unix_socket is not None:
            return self.unix_socket
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

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
        return f"mysql://{self.user}:…@{self.address}/{self.name}"


def _check_encoding(parts: SplitResult) -> None:
    """Raise `ValueError` if the user or the password has a character that ends the host's part."""
    cut = "@" not in parts.netloc and "@" in parts.query
    if cut or "@" in parts.path or parts.fragment:
        raise ValueError(
            "percent-encode special characters in the user and the password: "
            "/ as %2F, # as %23, ? as %3F, @ as %40, % as %25"
        )


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
        if port != 0:
            return port or 3306
    except ValueError:
        pass
    raise ValueError(f"the port is a number from 1 to 65535; use {FORM}")
