"""gunicorn's own parts, where they would speak another language than the application's.

Imported by `gunicorn.conf.py` alone: no other server needs it.
"""

import json
import select
import signal
import socket
from http import HTTPStatus
from typing import Any

from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

# A client that has the next request at hand sends it at once.
STAY_MILLISECONDS = 2


class StayingWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threads, but each stays with its client for a moment, if no other one waits.

    The original hands a connection back to the main thread after each request, through a pipe, a
    selector and a queue; with many threads each of these steps is a fight for Python's lock.
    """

    def init_signals(self) -> None:
        """Take over the signals, and obey a SIGTERM that came first.

        Until here the master's handler is in force: it queues what comes in this process's copy of
        the master's queue, where nobody looks, and the master would wait for this worker in vain.
        """
        master = signal.getsignal(signal.SIGTERM).__self__  # type: ignore[union-attr]
        super().init_signals()
        while not master.SIG_QUEUE.empty():
            if master.SIG_QUEUE.get() == signal.SIGTERM:
                self.alive = False

    def handle(self, conn: TConn) -> Any:
        """Answer a request, and those that follow it closely."""
        kept = super().handle(conn)
        while kept is True and self._has_more(conn):
            kept = super().handle(conn)
        return kept

    def _has_more(self, conn: TConn) -> bool:
        if not self.alive or self.tpool._work_queue.qsize():
            return False
        if conn.parser.unreader.buf.getvalue():  # sent ahead, and read already
            return True
        poll = select.poll()
        poll.register(conn.sock, select.POLLIN)
        return bool(poll.poll(STAY_MILLISECONDS))


class QuietLogger(Logger):  # type: ignore[misc]
    """gunicorn's logger without its access log: the application writes a line for each request.

    What never reaches the application, such as a malformed request line, is still a warning.
    """

    access_log_enabled = False

    def access(self, *_: Any) -> None:
        """Leave it to `app.operations.requests`."""


def answer_in_problems() -> None:
    """Have gunicorn write problem+json, too, where it refuses a request by itself.

    It has no hook for that; all such answers, and only they, are written by this function.
    """
    util.write_error = write_problem


def write_problem(sock: socket.socket, status: int, _reason: str, detail: str) -> None:
    """Write the answer to what could not be read as a request."""
    title = HTTPStatus(status).phrase
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    body = json.dumps(problem) + "\n"
    head = (
        f"HTTP/1.1 {status} {title}",
        "Connection: close",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
    )
    util.write_nonblock(sock, ("\r\n".join(head) + "\r\n\r\n" + body).encode())
