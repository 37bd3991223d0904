"""gunicorn's thread worker, for clients that are slow or do not close.

It overrides methods of `ThreadWorker` and uses its public attributes; nothing is replaced.
"""

import signal
import socket
from collections.abc import Callable
from concurrent.futures import Future
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from app.operations.gunicorn.lingering_close import LingeringConnections


class Worker(ThreadWorker):  # type: ignore[misc]
    """A thread worker whose main thread never waits for a client.

    It also obeys a SIGTERM received while it starts.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lingering = LingeringConnections(self._watch, self._unwatch, self._forget)

    def init_signals(self) -> None:
        """Install the signal handlers; handle a SIGTERM that arrived before.

        Until this call, the handler inherited from the master is active. It puts the signal into
        this process's copy of the master's queue, which is never read, so the master would wait
        for this worker until the graceful timeout.
        """
        master = signal.getsignal(signal.SIGTERM).__self__  # type: ignore[union-attr]
        super().init_signals()
        while not master.SIG_QUEUE.empty():
            if master.SIG_QUEUE.get() == signal.SIGTERM:
                self.alive = False

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Keep the connection for its next request, or close it without waiting for the client."""
        if fs.cancelled() or fs.exception() or not fs.result():
            self._lingering.close(conn.sock)
        else:
            super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Close the connections whose time is over; called after each round of events."""
        super().murder_pending()
        self._lingering.close_expired()

    def _watch(self, sock: socket.socket, callback: Callable[[object], None]) -> None:
        self.poller.register(sock, EVENT_READ, callback)

    def _unwatch(self, sock: socket.socket) -> None:
        self.poller.unregister(sock)

    def _forget(self) -> None:
        self.nr_conns -= 1
