"""TLS that tells how its flow died.

Python 3.11's `ssl` takes a flow that timed out or was reset for one that ended in order: the
kernel's word for it is lost, and with it what else must not be lent any more.
"""

import errno
import os
import socket
import ssl
from typing import Any

_CLOSED = 7  # TCP_CLOSE


class TlsSocket(ssl.SSLSocket):
    """Raises what the socket below it would have raised; costs nothing while all is well."""

    def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002
        """Read; raises the kernel's error in place of an end of file."""
        self.suppress_ragged_eofs = False  # so that an end of file can be looked at
        try:
            return super().read(len, buffer)
        except ssl.SSLEOFError as error:
            self._raise_how_it_died(error)
            return b"" if buffer is None else 0

    def send(self, data: Any, flags: int = 0, **more: Any) -> int:  # gevent's takes a timeout
        """Send; raises the kernel's error in place of an end of file."""
        try:
            return super().send(data, flags, **more)
        except ssl.SSLEOFError as error:
            self._raise_how_it_died(error)
            raise

    def _raise_how_it_died(self, error: ssl.SSLEOFError) -> None:
        """Ask the kernel, which told its error once, what it still knows of the flow.

        Where OpenSSL itself has a reason, it read a FIN.
        """
        if error.reason or not hasattr(socket, "TCP_INFO") or self.family == socket.AF_UNIX:
            return
        state, _, unanswered = self.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 3)
        if state == _CLOSED:
            number = errno.ETIMEDOUT if unanswered else errno.ECONNRESET
            raise OSError(number, os.strerror(number)) from error
