"""gunicorn's thread worker, with a fix for a lost SIGTERM."""

import signal

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]


class Worker(ThreadWorker):  # type: ignore[misc]
    """A thread worker that obeys a SIGTERM received while it starts."""

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
