"""Run the service under granian instead of gunicorn: python -m server.granian [MODULE:NAME].

The settings, the checks before the start, the logs and the metrics are those of `gunicorn.conf.py`.
The application is loaded once, and the workers are forked from this process.
"""

from server import metrics_folder

metrics_folder.create()

import multiprocessing  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from importlib import import_module  # noqa: E402
from socket import IPPROTO_TCP, TCP_NODELAY  # noqa: E402
from threading import Thread  # noqa: E402
from types import FrameType  # noqa: E402

from dotenv import dotenv_values  # noqa: E402

from app.operations import logs, memory_allocator, startup_checks  # noqa: E402
from app.operations.granian.application import Application  # noqa: E402
from app.operations.status import reports  # noqa: E402
from app.settings import BadSettings, Settings, load_settings  # noqa: E402

try:
    from granian._granian import SocketHolder
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server.mp import MPServer
except ImportError:
    sys.exit("cannot start: granian is not installed; install requirements/granian.txt")

# The longest time for the head of a request. A connection that is kept is closed after the same
# time without a request.
HEAD_MILLISECONDS = 10_000
# The largest head, and what is buffered of a response.
HEAD_BYTES = 64 * 1024
# Of each worker; further connections wait in the kernel.
CONNECTIONS = 1000
# After this time, a new worker has replaced an old one. It only has to start its threads.
RELOAD_SECONDS = 1.0
# The longest that granian allows. The connections of some strategies end with their thread.
IDLE_THREAD_SECONDS = 600


class Server(MPServer):
    """granian with one listening socket, which belongs to this process.

    By default, each worker opens a socket of its own. When a worker ends, the kernel resets the
    connections that it has not accepted; if it was the only one, new connections are refused until
    it is replaced. A socket that all workers inherit keeps these connections for the next worker.
    """

    def __init__(self, target: str, settings: Settings) -> None:
        super().__init__(
            target,
            settings.host,
            settings.port,
            interface=Interfaces.WSGI,
            http=HTTPModes.http1,
            websockets=False,
            workers=settings.web_concurrency,
            blocking_threads=settings.worker_threads,
            blocking_threads_idle_timeout=IDLE_THREAD_SECONDS,
            backpressure=CONNECTIONS,
            http1_settings=HTTP1Settings(
                header_read_timeout=HEAD_MILLISECONDS, max_buffer_size=HEAD_BYTES
            ),
            log_level=LogLevels(settings.log_level.lower()),
            log_dictconfig=logs.configuration(settings.log_level, settings.log_format),
            respawn_failed_workers=True,
            respawn_interval=RELOAD_SECONDS,
            workers_kill_timeout=settings.graceful_timeout_seconds,
        )
        self.on_reload(self._drain)

    def _init_shared_socket(self) -> None:
        # The attributes are those that granian itself sets where workers cannot share a port.
        self._sso = startup_checks.listen(self.bind_addr, self.bind_port, self.backlog)
        self._sso.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        if hasattr(socket, "TCP_DEFER_ACCEPT"):
            # A worker that ends closes connections that have not sent anything: accept them later.
            self._sso.setsockopt(IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
        self._shd = SocketHolder(self._sso.fileno(), False, self.backlog)  # type: ignore

    def _drain(self) -> None:
        """Make the old workers close each connection after its next response.

        Otherwise they would close idle connections when they end, perhaps just when a client sends
        its next request.
        """
        for worker in multiprocessing.active_children():
            if worker.pid:
                os.kill(worker.pid, signal.SIGUSR1)


def main(target: str = "wsgi:app") -> None:
    """Check the settings, load the application and serve it until a signal ends this process."""
    try:
        settings = load_settings()
        logs.configure(settings.log_level, settings.log_format)
        metrics_folder.empty()
        startup_checks.check(settings, {*os.environ, *dotenv_values(".env")})
    except BadSettings as error:
        sys.exit(f"cannot start: {error}")
    memory_allocator.configure()
    module, _, name = target.partition(":")
    # Loaded once, then forked: safe because no connection is opened before the first request.
    app = getattr(import_module(module), name)
    multiprocessing.set_start_method("fork")
    server = Server(target, settings)
    signal.signal(signal.SIGQUIT, _quit)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # in workers that have just been forked

    def load() -> Application:
        _start_worker(server)
        if found := getattr(app, "extensions", {}).get(reports.EXTENSION):
            Thread(target=_report_status, args=(found,), daemon=True).start()
        application = Application(app, settings.worker_threads)
        signal.signal(signal.SIGUSR1, lambda *_: application.drain())
        return application

    server.serve(target_loader=load, wrap_loader=False)


def _start_worker(server: Server) -> None:
    """Prepare this worker; called after the fork, before it accepts connections.

    Until granian installs its handlers, those of the master are active; a SIGTERM would be lost.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if server.interrupt_signal:
        sys.exit()
    Thread(target=_end_with_master, args=(server.workers_kill_timeout,), daemon=True).start()


def _report_status(worker_reports: reports.WorkerReports) -> None:
    while True:
        time.sleep(reports.LOOK_INTERVAL_SECONDS)
        worker_reports.write_if_watched()


def _end_with_master(graceful_seconds: float) -> None:
    """Stop this worker if the master is killed; it would keep the port."""
    if master := multiprocessing.parent_process():
        master.join()
    os.kill(os.getpid(), signal.SIGTERM)
    signal.alarm(int(graceful_seconds))  # its default action ends the process


def _quit(_number: int, _frame: FrameType | None) -> None:
    """Stop at once, like gunicorn."""
    for worker in multiprocessing.active_children():
        worker.kill()
    sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
