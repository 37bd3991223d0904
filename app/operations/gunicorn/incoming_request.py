"""The bytes of one request while they arrive, and whether the request is complete.

Only decides when a thread starts to handle the request. gunicorn's parser alone decides what the
request means, so whatever is malformed counts as complete and is rejected there.
"""

import re
import socket
import time

from app.http.middleware.body_limit import MAX_BODY_BYTES

READ_BYTES = 64 * 1024
# A longer head, chunk size or chunked body is given to gunicorn's parser, which rejects it or waits
# in the thread (`client_socket`).
MAX_HEAD_BYTES = 64 * 1024
MAX_CHUNK_LINE_BYTES = 8190
MAX_REQUEST_BYTES = MAX_HEAD_BYTES + MAX_BODY_BYTES

_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?")


class IncomingRequest:
    """Collects a request; `deadline` is the time at which an incomplete one is rejected."""

    def __init__(self, data: bytes, head_seconds: float, body_seconds: float) -> None:
        self.data = bytearray(data)
        self.deadline = time.monotonic() + head_seconds
        self._body_seconds = body_seconds
        self._head_bytes = 0  # until the end of the head has arrived
        self._needed = 0  # length of the request, if known
        self._searched = 0
        self._continue_sent = False
        self._chunk = 0  # where the next unexamined chunk starts, if the body is chunked

    def receive(self, sock: socket.socket) -> bool:
        """Read what has arrived, without waiting; return whether the request is complete."""
        while not self._is_complete():
            try:
                data = sock.recv(READ_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            except OSError:
                return True
            if not data:
                return True
            self.data += data
        return True

    def must_continue(self) -> bool:
        """Return, once, whether the client waits for `100 Continue` before it sends the body."""
        if self._continue_sent or not self._head_bytes:
            return False
        self._continue_sent = True
        return bool(_EXPECT.search(self.data, 0, self._head_bytes))

    def _is_complete(self) -> bool:
        if not self._head_bytes and not self._find_end_of_head():
            return False
        if self._chunk:
            return self._has_last_chunk() or len(self.data) >= MAX_REQUEST_BYTES
        return len(self.data) >= self._needed

    def _find_end_of_head(self) -> bool:
        """Return whether the head has arrived, or will be rejected."""
        end = self.data.find(b"\r\n\r\n", self._searched)
        if end < 0:
            self._searched = max(0, len(self.data) - 3)
            return self._has_invalid_head()
        self._head_bytes = self._needed = end + 4
        self.deadline = time.monotonic() + self._body_seconds
        if _CHUNKED.search(self.data, 0, self._head_bytes):
            self._chunk = self._head_bytes
        elif length := _CONTENT_LENGTH.search(self.data, 0, self._head_bytes):
            body_bytes = int(length[1])
            if body_bytes <= MAX_BODY_BYTES:  # else it is rejected without being read
                self._needed += body_bytes
        return True

    def _has_invalid_head(self) -> bool:
        """Return whether gunicorn rejects the beginning of a head without waiting for the rest."""
        has_bare_newline = self.data.count(b"\n") != self.data.count(b"\r\n")
        return has_bare_newline or len(self.data) >= MAX_HEAD_BYTES

    def _has_last_chunk(self) -> bool:
        while (end := self.data.find(b"\r\n", self._chunk)) >= 0:
            size = _CHUNK_SIZE.fullmatch(self.data, self._chunk, end)
            if not size:
                return True
            if int(size[1], 16) == 0:
                return self.data.find(b"\r\n\r\n", end) >= 0
            if end + 4 + int(size[1], 16) > len(self.data):
                return False
            self._chunk = end + 4 + int(size[1], 16)
        return len(self.data) - self._chunk > MAX_CHUNK_LINE_BYTES
