"""Responses whose length is known before they are sent, so that granian cannot shorten them."""

import json
import logging
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO

log = logging.getLogger(__name__)

# A response of unknown length is collected in memory up to this size, then in a file.
MEMORY_BYTES = 256 * 1024
PART_BYTES = 64 * 1024
WITHOUT_BODY = ("1", "204", "304")
FAILED = "503 Service Unavailable"

Headers = list[tuple[str, str]]
Response = tuple[str, Headers, int, Iterator[bytes]]


def parts_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what the application returns, and close it at the end."""
    try:
        yield from chunks
    finally:
        if close := getattr(chunks, "close", None):
            close()


def collected(status: str, headers: Headers, parts: Iterator[bytes], *, is_head: bool) -> Response:
    """Return the response and the length of its body; read it first if the length is unknown.

    If that fails, return a problem (503) instead.
    """
    for name, value in headers:
        if name.lower() == "content-length":
            return status, headers, 0 if is_head else int(value), parts
    if is_head or status.startswith(WITHOUT_BODY):
        return status, headers, 0, parts
    file = SpooledTemporaryFile(MEMORY_BYTES)  # noqa: SIM115  # closed by `_content_of`
    try:
        for part in parts:
            file.write(part)
    except Exception:
        file.close()
        log.exception("a response failed while it was produced")
        return _failed()
    length = file.tell()
    file.seek(0)
    return status, [*headers, ("Content-Length", str(length))], length, _content_of(file)


def _content_of(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while part := file.read(PART_BYTES):
            yield part


def _failed() -> Response:
    detail = "The response could not be completed."
    problem = {"title": "Service Unavailable", "status": 503, "detail": detail}
    body = json.dumps({"type": "about:blank", **problem}).encode() + b"\n"
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    return FAILED, headers, len(body), iter([body])
