"""The socket of an HTTP client."""

import socket
from typing import Any


class ClientSocket(socket.socket):
    """Takes a socket over, and tells the kernel of a timeout only before what could wait.

    gunicorn sets one four times a request, and hardly ever waits with it. Each is a system call
    that gives Python's lock away, and with many threads somebody else takes it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._timeout = sock.gettimeout()
        super().__init__(fileno=sock.detach())
        super().settimeout(self._timeout)
        self._told = self._timeout

    def gettimeout(self) -> float | None:
        return self._timeout

    def settimeout(self, value: float | None) -> None:
        self._timeout = value

    def setblocking(self, flag: bool) -> None:
        self._timeout = None if flag else 0.0

    def recv(self, *arguments: Any) -> bytes:
        self._tell()
        return super().recv(*arguments)

    def send(self, *arguments: Any) -> int:
        self._tell()
        return super().send(*arguments)

    def sendall(self, *arguments: Any) -> None:
        self._tell()
        super().sendall(*arguments)

    def sendfile(self, *arguments: Any, **named: Any) -> int:
        self._tell()
        return super().sendfile(*arguments, **named)

    def _tell(self) -> None:
        if self._told != self._timeout:
            super().settimeout(self._timeout)
            self._told = self._timeout
