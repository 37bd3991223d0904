"""gunicorn's thread worker, for clients that are slow or do not close.

It overrides methods of `ThreadWorker` and uses its public attributes; nothing is replaced.
"""

import signal
import socket
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from http import HTTPStatus
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from app.operations.gunicorn.client_socket import ClientSocket, WaitingThreads
from app.operations.gunicorn.error_responses import write_problem
from app.operations.gunicorn.incoming_requests import IncomingRequests
from app.operations.gunicorn.lingering_close import LingeringConnections
from app.operations.status import reports


class Worker(ThreadWorker):  # type: ignore[misc]
    """A thread worker whose main thread never waits for a client.

    It also obeys a SIGTERM received while it starts.
    """

    # Total times in which the head of a request, and then its body, must arrive.
    head_seconds = 10.0
    body_seconds = 30.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._incoming = IncomingRequests(
            self._watch, self._unwatch, super().enqueue_req, self._reject
        )
        self._lingering = LingeringConnections(self._watch, self._unwatch, self._forget)
        self._waiting_threads = WaitingThreads(self.cfg.threads // 2)
        self._report_status: Callable[[], None] = _nothing

    def load_wsgi(self) -> None:
        """Load the application, which may want to report the state of this worker."""
        super().load_wsgi()
        if found := getattr(self.wsgi, "extensions", {}).get(reports.EXTENSION):
            self._report_status = found.write_if_watched

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

    def enqueue_req(self, conn: TConn) -> None:
        """Collect the next request of the connection; a thread handles it when it is complete."""
        if self.cfg.is_ssl:  # not used by this service: the handshake needs a thread
            super().enqueue_req(conn)
            return
        if not conn.initialized:
            conn.sock = ClientSocket(conn.sock, self._waiting_threads)
            conn.init()
        self._incoming.collect(
            conn, self.head_seconds, self.body_seconds, self.worker_connections // 2
        )

    def handle(self, conn: TConn) -> Any:
        """Handle one request; runs in a thread."""
        if isinstance(conn.sock, ClientSocket):
            conn.sock.start_request()
        return super().handle(conn)

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Keep the connection for its next request, or close it without waiting for the client."""
        if fs.cancelled() or fs.exception() or not fs.result():
            self._lingering.close(conn.sock)
        else:
            super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Close the connections whose time is over; called after each round of events.

        A round without events takes a second.
        """
        super().murder_pending()
        self._incoming.reject_expired()
        self._lingering.close_expired()
        self._report_status()

    def _reject(self, conn: TConn, has_sent_data: bool) -> None:
        """Close a connection without a complete request."""
        if has_sent_data:
            detail = "The request did not arrive in time, or the service has too many of them."
            with suppress(OSError):
                write_problem(conn.sock, HTTPStatus.REQUEST_TIMEOUT, "", detail)
        self._lingering.close(conn.sock)

    def _watch(self, sock: socket.socket, callback: Callable[[object], None]) -> None:
        self.poller.register(sock, EVENT_READ, callback)

    def _unwatch(self, sock: socket.socket) -> None:
        self.poller.unregister(sock)

    def _forget(self) -> None:
        self.nr_conns -= 1


def _nothing() -> None:
    """Report nothing: the status page is disabled, or it is another application."""
