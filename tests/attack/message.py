"""Messages: the bytes that an attack sends on one connection."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """The bytes of one or more requests, well-formed or not.

    If it is incomplete, the client closes its side of the connection after it.
    """

    data: bytes
    incomplete: bool = False


def request(method, path, *headers, body=None, token=None, content_type="application/json"):
    """Return the bytes of a request; everything but `headers` and `path` is well-formed.

    Text is encoded as Latin-1, which can express every byte.
    """
    lines = [f"{method} {path} HTTP/1.1".encode("latin-1"), b"Host: localhost"]
    lines += [line if isinstance(line, bytes) else line.encode("latin-1") for line in headers]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}".encode())
    if body is not None:
        lines += [f"Content-Type: {content_type}".encode(), b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, b"Connection: close", b"", body or b""])
