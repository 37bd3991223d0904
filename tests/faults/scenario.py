"""One fault meets one strategy: the server, the route to it, the running service, and its clients.

Fault injections are written with the methods of `Scenario`: `warm_up` opens a connection in every
thread, then the fault is injected, and the requests of `burst` or `traffic` are counted.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Literal, Self

from app.db.url import DatabaseUrl
from dev.launch import launch
from tests.faults import firewall, ledger
from tests.faults.environment import Environment, with_address, with_socket
from tests.faults.haproxy import HAProxy
from tests.faults.load import (
    PAUSE_SECONDS,
    Client,
    Response,
    polling_livez,
    run_concurrently,
    traffic,
)
from tests.faults.proxy import Proxy
from tests.faults.variants import WORKERS, Variant
from tests.support.service import START_SECONDS, Service

Route = Literal["direct", "proxy", "haproxy", "socket", "unresolvable"]
Server = Literal["gunicorn", "granian", "uwsgi"]

WARM_UP_READ_SECONDS = 0.1  # long enough that all threads hold a connection at the same time
TRAFFIC_CLIENTS = 8
STATISTICS_SECONDS = 5
DISCONNECT_SECONDS = 10
UNRESOLVABLE_HOST = "database.invalid"
UNCHECKED_GUNICORN = "tests.faults.gunicorn_unchecked"
UNCHECKED_GRANIAN = "tests.faults.granian_unchecked"


class LedgerService(Service):
    """The ledger application, or a bare one, served like the project; ends with its parent."""

    def __init__(
        self, url: str, *, variant: Variant, served_by: Server, **settings: object
    ) -> None:
        super().__init__(
            url, served_by, WEB_CONCURRENCY=WORKERS, THREADS=variant.threads, **settings
        )
        self.application = variant.application
        self._threads = variant.threads

    def start(self) -> "LedgerService":
        command = self._uwsgi() if self.served_by == "uwsgi" else self._preforking()
        with Path(self.log).open("wb") as log:
            self.process = launch(
                ["env", "-C", self.folder.name, *command], output=log, env=self.environment
            )
        self._wait_until_ready()
        return self

    def _preforking(self) -> list[str]:
        command: list[str] = self.command()
        if UNRESOLVABLE_HOST not in self.environment["DATABASE_URL"]:
            return command
        unchecked = {
            str(self.configuration): f"python:{UNCHECKED_GUNICORN}",
            "server.granian": UNCHECKED_GRANIAN,
        }
        return [unchecked.get(argument, argument) for argument in command]

    def _uwsgi(self) -> list[str]:
        # The master loads the application and then forks without running Python's fork hooks.
        return [
            *(str(Path(sys.executable).with_name("uwsgi")), "--master", "--die-on-term"),
            *("--http", f"127.0.0.1:{self.port}", "--module", self.application),
            *("--processes", str(WORKERS), "--threads", str(self._threads)),
        ]

    def stop(self) -> None:
        """Stop the service; kill it after a few seconds if its threads hang."""
        self.client.close()
        self.process.terminate()
        try:
            self.process.wait(5)
        except TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        client = Client(self.port, timeout_seconds=2)
        while time.monotonic() < deadline and self.process.poll() is None:
            if client.livez().is_success:
                return
            time.sleep(0.05)
        raise AssertionError(f"the service did not start:\n{Path(self.log).read_text()}")


class Scenario:
    """A running service with three clients.

    The responses of `client` are measured; `warm_up_client` is used before the fault, and
    `recovery_client` after it has been removed.
    """

    def __init__(
        self,
        environment: Environment,
        variant: Variant,
        *,
        route: Route = "direct",
        served_by: Server = "gunicorn",
        settings: Mapping[str, object] | None = None,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self.environment, self.variant, self.route = environment, variant, route
        self.server, self.admin = environment.server, environment.admin
        self.firewall = environment.firewall
        self.served_by, self.pause_seconds = served_by, pause_seconds
        self.settings = {**environment.settings, **variant.settings, **(settings or {})}
        self.recovered_at: float | None = None
        # What the fault did outside of the service, by description; empty if nothing.
        self.side_effects: dict[str, int] = {}
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        try:
            self.admin.kill_sessions()  # sessions whose connections the last cell dropped
            self.admin.wait_for_sessions(0)
            ledger.create(self.server, self.environment.url)
            self.url = self._open_route()
            self.service = LedgerService(
                self.url,
                variant=self.variant,
                served_by=self.served_by,
                DB_STRATEGY=self.variant.strategy,
                GRACEFUL_TIMEOUT_SECONDS=1,
                LOG_LEVEL="WARNING",
                **self.settings,
            )
            self._resources.callback(self.service.stop)
            self.service.start()
            secret = DatabaseUrl.parse(self.environment.url).password
            port = self.service.port
            self.warm_up_client, self.client = (Client(port, secret=secret) for _ in range(2))
            self.recovery_client = Client(port, secret=secret, timeout_seconds=3)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the service and the route, and restore the environment."""
        self._resources.close()
        self.environment.restore()

    def warm_up(self) -> None:
        """Make every thread open a connection, and write a few entries."""
        read, clients = self.warm_up_client.read, self.variant.clients
        if self.variant.threads > 1:
            run_concurrently(lambda: read(WARM_UP_READ_SECONDS), threads=clients, each=2)
        else:  # one thread per worker: send enough reads to reach each worker
            run_concurrently(read, threads=clients, each=12)
        run_concurrently(self.warm_up_client.write, threads=clients)

    def burst(self) -> None:
        """Read and write from all clients at the same time."""

        def one_client() -> None:
            self.client.read()
            self.client.write()
            self.client.write_with_key()
            self.client.read()

        run_concurrently(one_client, threads=self.variant.clients)

    @contextmanager
    def traffic(self, *mix: Callable[[], object], clients: int = TRAFFIC_CLIENTS) -> Iterator[None]:
        """Read and write until the block ends, and poll `/livez`."""
        clients = min(clients, self.variant.clients)
        with (
            polling_livez(self.client),
            traffic(self.client, clients=clients, pause_seconds=self.pause_seconds, mix=mix),
        ):
            yield

    def hold(self) -> Path:
        """Create a file; transactions that name it pause between their halves until it is gone."""
        hold = Path(self.service.folder.name, "hold")
        hold.touch()
        return hold

    def wait_for_transactions(self, count: int) -> None:
        """Wait until this many transactions have written their first half."""
        # With one thread per worker, all requests may have reached the same worker.
        self.admin.wait_for_transactions(count if self.variant.threads > 1 else 1)

    @contextmanager
    def concurrent_requests(self, *requests: Callable[[], object]) -> Iterator[None]:
        """Send these requests, each once and all at the same time, while the block runs."""
        with ThreadPoolExecutor(len(requests)) as pool:
            futures = [pool.submit(request) for request in requests]
            yield
        for future in futures:
            future.result()

    def wait_until_ready(self, seconds: float) -> None:
        """Poll `/readyz`, and nothing else, until all workers are ready or the time is over."""
        deadline = time.monotonic() + seconds
        responses: list[Response] = []
        while not responses or not all(response.is_success for response in responses):
            if time.monotonic() > deadline:
                return
            time.sleep(0.1)
            responses = self.readyz(self.warm_up_client)

    def readyz(self, client: Client) -> list[Response]:
        """Request `/readyz` often enough to reach all workers; return the responses."""
        with ThreadPoolExecutor(WORKERS * 4) as pool:
            return list(pool.map(lambda _: client.readyz(), range(WORKERS * 4)))

    def mark_recovered(self) -> None:
        """Record that the fault is over now, for injections that continue their traffic."""
        self.recovered_at = time.monotonic()

    @property
    def patience_seconds(self) -> float:
        """How long the service waits for a server that cannot be reached."""
        return float(str(self.settings.get("DB_OUTAGE_PATIENCE_SECONDS", 5)))

    @property
    def port(self) -> int:
        """The port that the service connects to."""
        return DatabaseUrl.parse(self.url).port

    def client_ports(self) -> list[int]:
        """Return the client port of each of the service's connections."""
        return firewall.client_ports(self.port)

    def wait_for_disconnects(self) -> None:
        """Wait until every connection is closed on the side of the service."""
        deadline = time.monotonic() + DISCONNECT_SECONDS
        while left := self.client_ports():
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(left)} connections have not closed")
            time.sleep(0.01)

    def statistics(self) -> dict[str, int]:
        """Return the counters of `Database.statistics()`, summed over all workers."""
        by_worker: dict[object, dict[str, object]] = {}

        def fetch() -> None:
            with suppress(OSError, HTTPException):  # a worker whose threads all hang
                found = self.client.get("/statistics")
                by_worker[found["pid"]] = found

        # One worker may serve several consecutive requests.
        deadline = time.monotonic() + STATISTICS_SECONDS
        while len(by_worker) < WORKERS and time.monotonic() < deadline:
            run_concurrently(fetch, threads=WORKERS * 4)
        total: dict[str, int] = {}
        for counters in by_worker.values():
            for name, value in counters.items():
                if name != "pid" and isinstance(value, int):
                    total[name] = total.get(name, 0) + value
        return total

    def discrepancies(self) -> ledger.Discrepancies:
        """Compare the ledger with what all clients were told."""
        clients = (self.warm_up_client, self.client, self.recovery_client)
        reported = {entry: told for client in clients for entry, told in client.reported.items()}
        rows = ledger.stored(self.server, self.environment.url)
        if "second_server" in vars(self.environment):
            rows |= ledger.stored(self.environment.second_server, self.environment.url)
        return ledger.compare(reported, rows)

    def log_lines(self, words: Sequence[str] = ("Traceback",)) -> list[str]:
        """Return the lines of the service's log that contain one of these words."""
        lines = Path(self.service.log).read_text(errors="replace").splitlines()
        return [line for line in lines if any(word in line for word in words)]

    def _open_route(self) -> str:
        url = self.environment.url
        if self.route == "unresolvable":
            return with_address(url, host=UNRESOLVABLE_HOST)
        if self.route == "socket":
            return with_socket(url, self.server.socket)
        if self.route == "proxy":
            self.proxy = self._resources.enter_context(
                Proxy(self.server.port, tls=self.environment.proxy_tls)
            )
            return with_address(url, port=self.proxy.port)
        if self.route == "haproxy":
            haproxy = self._resources.enter_context(HAProxy(self.server.port))
            return with_address(url, port=haproxy.port)
        return url
