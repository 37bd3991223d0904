"""gunicorn's threads, each with its client for a little longer."""

import select
import signal
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from app.operations.gunicorn.client_socket import ClientSocket

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

    def enqueue_req(self, conn: TConn) -> None:
        """Have a thread answer what a client asks."""
        if not isinstance(conn.sock, ClientSocket):  # a new client
            conn.sock = ClientSocket(conn.sock)
        super().enqueue_req(conn)

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
