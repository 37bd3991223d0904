"""Request bodies that are incomplete or not framed as in RFC 9112 are rejected with 400.

A WSGI server reads a body while the application does, and reports a malformed chunk, a forbidden
trailer or a closed connection by exceptions of its own. If a client sends less than its
Content-Length and closes, some servers end the body without an exception, and the part that
arrived may be valid JSON.
"""

from io import RawIOBase
from typing import IO, TYPE_CHECKING

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import get_content_length

from app.http.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed import WriteableBuffer
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def register(app: Flask) -> None:
    """Check the bodies that this application reads."""
    app.wsgi_app = CheckedBodies(app.wsgi_app)  # type: ignore[method-assign]


class CheckedBodies:
    """WSGI middleware that replaces the body by a `CheckedBody`."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> "Iterable[bytes]":
        """Pass the request on."""
        length = get_content_length(environ)
        if length or "HTTP_TRANSFER_ENCODING" in environ:
            environ["wsgi.input"] = CheckedBody(environ["wsgi.input"], length)
        return self._application(environ, start_response)


class CheckedBody(RawIOBase):
    """A body of this length; None if it is chunked. Reads raise a `Problem` if it is malformed."""

    def __init__(self, stream: IO[bytes], length: int | None) -> None:
        self._stream = stream
        self._missing = length

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read into the buffer; return the number of bytes, 0 at the end of the body."""
        into = memoryview(buffer).cast("B")
        size = len(into) if self._missing is None else min(len(into), self._missing)
        data = self._read(size) if size else b""
        if self._missing is not None:
            if size and not data:
                raise _malformed("The body is shorter than its Content-Length.")
            self._missing -= len(data)
        into[: len(data)] = data
        return len(data)

    def _read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except (HTTPException, Problem):
            raise
        # The servers have no common exception for a malformed body: gunicorn raises
        # `ParseException`, uWSGI `OSError`.
        except Exception as error:
            raise _malformed("The body is incomplete or its chunks are malformed.") from error


def _malformed(detail: str) -> Problem:
    return Problem(400, detail, kind="malformed")
