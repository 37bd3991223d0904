"""Where one fault meets one strategy: a server, the way to it, the service, and its clients.

A fault is written with the verbs of a `Stage`: `warm` opens a connection in every thread, then
it strikes, and `burst` or `traffic` are what is counted.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Literal, Self

from app.db.url import DatabaseUrl
from dev.launch import launch
from tests.faults import ledger
from tests.faults.flows import established
from tests.faults.haproxy import HAProxy
from tests.faults.lane import Lane, at
from tests.faults.load import Client, at_once, traffic, watching_livez
from tests.faults.proxy import Proxy
from tests.faults.variants import WORKERS, Variant
from tests.support.service import START_SECONDS, Service

Way = Literal["direct", "proxy", "haproxy", "no such host"]
Server = Literal["gunicorn", "uwsgi"]

HELD_SECONDS = 0.1  # a read that long keeps its connection while the others ask
TRAFFIC_CLIENTS = 8
STATISTICS_SECONDS = 5
FLOWS_END_SECONDS = 10
NO_SUCH_HOST = "database.invalid"
UNCHECKED = "tests.faults.unchecked"


class LedgerService(Service):
    """The ledger's application, or a bare one, served like the project; ends with its parent."""

    def __init__(
        self, url: str, *, variant: Variant, served_by: Server, **settings: object
    ) -> None:
        super().__init__(url, WEB_CONCURRENCY=WORKERS, THREADS=variant.threads, **settings)
        self._variant = variant
        self._served_by = served_by

    def start(self) -> "LedgerService":
        command = self._uwsgi() if self._served_by == "uwsgi" else self._gunicorn()
        with Path(self.log).open("wb") as log:
            self.process = launch(
                ["env", "-C", self.folder.name, *command], output=log, env=self.environment
            )
        self._wait()
        return self

    def _gunicorn(self) -> list[str]:
        command = [*self.command()[:-1], self._variant.application]
        if NO_SUCH_HOST in self.environment["DATABASE_URL"]:
            command[command.index("-c") + 1] = f"python:{UNCHECKED}"
        return command

    def _uwsgi(self) -> list[str]:
        # Its master loads the application and then forks; Python is not told of that fork.
        return [
            *(str(Path(sys.executable).with_name("uwsgi")), "--master", "--die-on-term"),
            *("--http", f"127.0.0.1:{self.port}", "--module", self._variant.application),
            *("--processes", str(WORKERS), "--threads", str(self._variant.threads)),
        ]

    def stop(self) -> None:
        """End it, within a few seconds also where its threads hang."""
        self.client.close()
        self.process.terminate()
        try:
            self.process.wait(5)
        except TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        client = Client(self.port, patience_seconds=2)
        while time.monotonic() < deadline and self.process.poll() is None:
            if client.livez().is_good:
                return
            time.sleep(0.05)
        raise AssertionError(f"the service did not start:\n{Path(self.log).read_text()}")


class Stage:
    """`client` is what is counted, `before` what warmed up, `after` what came when all was well."""

    def __init__(
        self,
        lane: Lane,
        variant: Variant,
        *,
        way: Way = "direct",
        served_by: Server = "gunicorn",
        settings: Mapping[str, object] | None = None,
    ) -> None:
        self.lane, self.variant, self.way = lane, variant, way
        self.server, self.control, self.firewall = lane.server, lane.control, lane.firewall
        self.served_by = served_by
        self.settings = {**lane.settings, **variant.settings, **(settings or {})}
        self.healed_at: float | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        try:
            self.control.kill_sessions()  # what the last cell left in a black hole
            self.control.wait_for_sessions(0)
            ledger.create(self.server, self.lane.url)
            self.url = self._build_way()
            self.service = LedgerService(
                self.url,
                variant=self.variant,
                served_by=self.served_by,
                DB_STRATEGY=self.variant.strategy,
                GRACEFUL_TIMEOUT_SECONDS=1,
                LOG_LEVEL="WARNING",
                **self.settings,
            )
            self._open.callback(self.service.stop)
            self.service.start()
            secret = DatabaseUrl.parse(self.lane.url).password
            self.before, self.client = (Client(self.service.port, secret=secret) for _ in range(2))
            self.after = Client(self.service.port, secret=secret, patience_seconds=3)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the service, and the way to the server."""
        self._open.close()
        self.lane.heal()

    def warm(self) -> None:
        """Have every thread hold a connection at the same time, and write a little."""
        if self.variant.threads > 1:
            at_once(lambda: self.before.read(HELD_SECONDS), threads=self.variant.clients, each=2)
        else:  # nothing to hold against one another: ask until each worker was met
            at_once(self.before.read, threads=self.variant.clients, each=12)
        at_once(self.before.write, threads=self.variant.clients)

    def burst(self) -> None:
        """Have all clients read and write at once."""

        def one_client() -> None:
            self.client.read()
            self.client.write()
            self.client.write_with_key()
            self.client.read()

        at_once(one_client, threads=self.variant.clients)

    @contextmanager
    def traffic(self, *mix: Callable[[], object], clients: int = TRAFFIC_CLIENTS) -> Iterator[None]:
        """Read and write until the block ends, and ask `livez` all the while."""
        clients = min(clients, self.variant.clients)
        with watching_livez(self.client), traffic(self.client, clients=clients, mix=mix):
            yield

    def hold(self) -> Path:
        """Give a file: units that are told of it stop between their halves until it is removed."""
        hold = Path(self.service.folder.name, "hold")
        hold.touch()
        return hold

    def wait_for_units(self, units: int) -> None:
        """Wait until so many units have written their first half."""
        # With one thread each, one worker may have taken all of them.
        self.control.wait_for_units(units if self.variant.threads > 1 else 1)

    @contextmanager
    def meanwhile(self, *requests: Callable[[], object]) -> Iterator[None]:
        """Send these requests, each once and all at the same time, while the block runs."""
        with ThreadPoolExecutor(len(requests)) as pool:
            running = [pool.submit(request) for request in requests]
            yield
        for one in running:
            one.result()

    def heal(self) -> None:
        """Note the moment from which all is well again, where that is before the fault's end."""
        self.healed_at = time.monotonic()

    @property
    def port(self) -> int:
        """Where the service finds its database."""
        return DatabaseUrl.parse(self.url).port

    def flows(self) -> list[int]:
        """List the client's ports of the flows to it."""
        return established(self.port)

    def wait_for_no_flow(self) -> None:
        """Wait until the kernel has told the service of the end of each."""
        deadline = time.monotonic() + FLOWS_END_SECONDS
        while left := self.flows():
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(left)} flows have not ended")
            time.sleep(0.01)

    def statistics(self) -> dict[str, int]:
        """Add up what the workers' `Database`s have counted."""
        found: dict[object, dict[str, object]] = {}

        def ask() -> None:
            answer = self.client.get("/statistics")
            found[answer["pid"]] = answer

        # One worker that is quick may take all of a few requests.
        deadline = time.monotonic() + STATISTICS_SECONDS
        while len(found) < WORKERS and time.monotonic() < deadline:
            at_once(ask, threads=WORKERS * 4)
        total: dict[str, int] = {}
        for answer in found.values():
            for name, value in answer.items():
                if name != "pid" and isinstance(value, int):
                    total[name] = total.get(name, 0) + value
        return total

    def balance(self) -> ledger.Balance:
        """Compare the ledger with what all clients were told."""
        told = {**self.before.told, **self.client.told, **self.after.told}
        rows = ledger.stored(self.server, self.lane.url)
        if "another_server" in vars(self.lane):
            rows |= ledger.stored(self.lane.another_server, self.lane.url)
        return ledger.compare(told, rows)

    def log_lines(self, words: Sequence[str] = ("Traceback",)) -> list[str]:
        """Find the lines of the service's log that contain one of these words."""
        lines = Path(self.service.log).read_text(errors="replace").splitlines()
        return [line for line in lines if any(word in line for word in words)]

    def _build_way(self) -> str:
        if self.way == "no such host":
            return at(self.lane.url, host=NO_SUCH_HOST)
        if self.way == "proxy":
            self.proxy = self._open.enter_context(Proxy(self.server.port, tls=self.lane.proxy_tls))
            return at(self.lane.url, port=self.proxy.port)
        if self.way == "haproxy":
            haproxy = self._open.enter_context(HAProxy(self.server.port))
            return at(self.lane.url, port=haproxy.port)
        return self.lane.url
