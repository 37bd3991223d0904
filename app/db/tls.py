"""TLS that tells how its flow died.

Python 3.11's `ssl` takes a flow that timed out or was reset for one that ended in order: the
kernel's word for it is lost, and with it what else must not be lent any more.
"""

import errno
import os
import socket
import ssl
from typing import Any

_CLOSED = 7  # TCP_CLOSE: neither end holds it; after a FIN it would be CLOSE_WAIT


class TlsSocket(ssl.SSLSocket):
    """Raises what the socket below it would have raised; costs nothing while all is well."""

    def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002
        """Read; raises `OSError` where the flow did not end by a FIN."""
        received = super().read(len, buffer)
        if not received and len:
            self._raise_how_it_died()
        return received

    def send(self, data: Any, flags: int = 0) -> int:
        """Send; raises the kernel's error in place of an end of file."""
        try:
            return super().send(data, flags)
        except ssl.SSLEOFError:
            self._raise_how_it_died()
            raise

    def _raise_how_it_died(self) -> None:
        """Ask the kernel, which has told its error and forgotten it, what it still knows."""
        if not hasattr(socket, "TCP_INFO") or self.family == socket.AF_UNIX:
            return
        state, _, unanswered = self.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 3)
        if state == _CLOSED:
            number = errno.ETIMEDOUT if unanswered else errno.ECONNRESET
            raise OSError(number, os.strerror(number))
