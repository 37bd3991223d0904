"""A TLS socket that reports how its TCP connection ended.

Python 3.11's `ssl` reports a TCP connection that timed out or was reset as an orderly end: the
kernel's error is lost, and with it which other connections have to be invalidated.
"""

import errno
import os
import socket
import ssl
from typing import Any

_CLOSED = 7  # TCP_CLOSE
_NOT_CONNECTED = {errno.ENOTCONN, errno.EINVAL}  # `SSLSocket` handles these itself


class TLSSocket(ssl.SSLSocket):
    """Raises the error the socket below would have raised; no cost on a working connection."""

    def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002
        """Read; raises the kernel's error instead of an end of file."""
        self.suppress_ragged_eofs = False  # to examine an end of file
        try:
            return super().read(len, buffer)
        except ssl.SSLEOFError as error:
            self._raise_kernel_error(error)
            return b"" if buffer is None else 0

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Receive; called by `SSLSocket` only, before the handshake of a socket that was reset.

        `SSLSocket` then raises the error without closing the socket.
        """
        try:
            return super().recv(buflen, flags)
        except OSError as error:
            if error.errno not in _NOT_CONNECTED:
                self.close()
            raise

    def send(self, data: Any, flags: int = 0, **more: Any) -> int:  # gevent's has a timeout
        """Send; raises the kernel's error instead of an end of file."""
        try:
            return super().send(data, flags, **more)
        except ssl.SSLEOFError as error:
            self._raise_kernel_error(error)
            raise

    def _raise_kernel_error(self, error: ssl.SSLEOFError) -> None:
        """Raise what TCP_INFO says, since the kernel reports an error only once.

        If OpenSSL has a reason of its own, it read a FIN.
        """
        if error.reason or not hasattr(socket, "TCP_INFO") or self.family == socket.AF_UNIX:
            return
        state, _, unanswered = self.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 3)
        if state == _CLOSED:
            number = errno.ETIMEDOUT if unanswered else errno.ECONNRESET
            raise OSError(number, os.strerror(number)) from error
