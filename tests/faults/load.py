"""HTTP clients that read and write, and record each response, its duration and what it reported.

Each request uses its own connection, so that no request waits in a worker behind another.
"""

import random
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from json import loads
from pathlib import Path
from threading import Event, Lock
from typing import Literal
from urllib.parse import quote

from app.service import PROBLEM_TYPE
from tests.faults.ledger import Reported

Kind = Literal["read", "write", "keyed write", "leave", "livez", "readyz"]

NO_RESPONSE = 0
# Text of the driver, the kernel or the server, which a response must not contain.
INTERNAL_DETAILS = ("pymysql", "MySQL", "MariaDB", "Errno", "errno", "Traceback", "(20", "(1")
PAUSE_SECONDS = 0.02  # average pause of a client between two requests
SECONDS_BETWEEN_RETRIES = 0.1
RETRY_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Response:
    """The response to one request; status 0 means that none arrived."""

    kind: Kind
    status: int
    problem: str
    sent_at: float  # time.monotonic
    seconds: float
    leaks_details: bool = False
    misses_retry_after: bool = False
    is_wrong_response: bool = False  # a read that received another request's row
    worker: int = 0  # process id of the worker that served a read

    @property
    def is_success(self) -> bool:
        """Whether the client received what it requested."""
        return self.status in {200, 201} and not self.is_wrong_response

    @property
    def label(self) -> str:
        """The status and, for an error, its problem type."""
        if self.is_wrong_response:
            return "wrong response"
        if self.status == NO_RESPONSE:
            return "no response"
        return f"{self.status} {self.problem}".strip()


class Client:
    """Thread-safe client of one service; `reported` is what it was told about each entry."""

    def __init__(self, port: int, *, timeout_seconds: float = 10, secret: str = "") -> None:
        self._port = port
        self._timeout_seconds = timeout_seconds
        self._internal = (*INTERNAL_DETAILS, secret) if secret else INTERNAL_DETAILS
        self._lock = Lock()
        self.responses: list[Response] = []
        self.reported: dict[str, Reported] = {}

    def read(self, sleep: float = 0, *, check_session: bool = False) -> Response:
        """Read once; the query takes `sleep` seconds on the server.

        With `check_session` the response is wrong if an earlier request changed the session.
        """
        nonce = secrets.token_hex(8)
        path = f"/read?nonce={nonce}" + (f"&sleep={sleep}" if sleep else "")
        path += "&check_session=1" if check_session else ""
        return self._request("read", "GET", path, expect=nonce)

    def write(
        self,
        *,
        rows: Sequence[int] = (),
        pause: float = 0,
        hold: Path | None = None,
        size: int = 0,
        read_first: bool = False,
        entry: str = "",
    ) -> Response:
        """Write one entry, without an idempotency key and without retries."""
        entry = entry or secrets.token_hex(16)
        path = _write_path(entry, rows, pause, size) + (f"&hold={hold}" if hold else "")
        path += "&read_first=1" if read_first else ""
        response = self._request("write", "POST", path)
        self._record(entry, response)
        return response

    def write_with_key(self, *, rows: Sequence[int] = (), pause: float = 0) -> Response:
        """Write one entry, retrying with the same idempotency key for a few seconds."""
        entry = secrets.token_hex(16)
        path = _write_path(entry, rows, pause, 0)
        give_up_at = time.monotonic() + RETRY_SECONDS
        while True:
            response = self._request("keyed write", "POST", path, key=entry)
            self._record(entry, response)
            if response.status not in {NO_RESPONSE, 503} or time.monotonic() > give_up_at:
                return response
            time.sleep(SECONDS_BETWEEN_RETRIES)

    def leave(self, state: str) -> Response:
        """Leave a changed session behind, one of `ledger_entry.STATES`."""
        return self._request("leave", "POST", f"/leave?state={quote(state)}")

    def readyz(self) -> Response:
        """Request `/readyz`."""
        return self._request("readyz", "GET", "/readyz")

    def livez(self) -> Response:
        """Request `/livez`."""
        return self._request("livez", "GET", "/livez")

    def get(self, path: str) -> dict[str, object]:
        """Return a JSON object; the request is not recorded."""
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=10)) as connection:
            connection.request("GET", path, headers={"Connection": "close"})
            found: dict[str, object] = loads(connection.getresponse().read())
            return found

    def _request(
        self, kind: Kind, method: str, path: str, *, key: str = "", expect: str = ""
    ) -> Response:
        headers = {"Connection": "close"} | ({"Idempotency-Key": key} if key else {})
        started = time.monotonic()
        status, body, retry_after = NO_RESPONSE, "", ""
        try:
            with closing(
                HTTPConnection("127.0.0.1", self._port, timeout=self._timeout_seconds)
            ) as connection:
                connection.request(method, path, headers=headers)
                received = connection.getresponse()
                status, body = received.status, received.read().decode()
                retry_after = received.getheader("Retry-After", "")
        except (OSError, HTTPException):
            pass
        response = Response(
            kind,
            status,
            _problem_type(body) if status >= 400 else "",
            started,
            time.monotonic() - started,
            leaks_details=status >= 400 and any(text in body for text in self._internal),
            misses_retry_after=status == 503 and not retry_after,
            is_wrong_response=status == 200 and bool(expect) and expect not in body,
            worker=loads(body)["worker"] if status == 200 and expect else 0,
        )
        with self._lock:
            self.responses.append(response)
        return response

    def _record(self, entry: str, response: Response) -> None:
        reported: Reported = "not stored"
        if response.status == 201:
            reported = "stored"
        elif response.status in {NO_RESPONSE, 500}:
            reported = "nothing"
        elif response.problem == "outcome-unknown":
            reported = "unknown"
        with self._lock:
            # "Not stored" describes this attempt only; an earlier one may have been stored.
            if reported == "not stored" and self.reported.get(entry) in {"unknown", "nothing"}:
                return
            self.reported[entry] = reported


def _write_path(entry: str, rows: Sequence[int], pause: float, size: int) -> str:
    path = f"/write?entry={entry}"
    if rows:
        path += f"&rows={','.join(map(str, rows))}"
    return path + (f"&pause={pause}" if pause else "") + (f"&size={size}" if size else "")


def _problem_type(body: str) -> str:
    try:
        found = loads(body).get("type", "")
    except ValueError:
        return "not problem+json"
    return str(found).removeprefix(PROBLEM_TYPE).removeprefix("about:blank")


def run_concurrently(work: Callable[[], object], *, threads: int, each: int = 1) -> None:
    """Run `work` in this many threads at the same time, `each` times per thread."""
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(lambda: [work() for _ in range(each)]) for _ in range(threads)]
    for future in futures:
        future.result()


@contextmanager
def traffic(
    client: Client,
    *,
    clients: int = 8,
    seed: int = 1,
    pause_seconds: float = PAUSE_SECONDS,
    mix: Sequence[Callable[[], object]] = (),
) -> Iterator[None]:
    """Send requests from this many threads, chosen at random from `mix`, until the block ends."""
    stop = Event()
    choices = mix or (client.read, client.read, client.write, client.write_with_key)

    def one_client(number: int) -> None:
        generator = random.Random(seed * 1000 + number)
        while not stop.is_set():
            generator.choice(choices)()
            stop.wait(generator.uniform(0, 2 * pause_seconds))

    with ThreadPoolExecutor(clients) as pool:
        futures = [pool.submit(one_client, number) for number in range(clients)]
        try:
            yield
        finally:
            stop.set()
    for future in futures:
        future.result()


@contextmanager
def polling_livez(client: Client, *, every_seconds: float = 0.1) -> Iterator[None]:
    """Poll `/livez` until the block ends."""
    with traffic(client, clients=1, pause_seconds=every_seconds, mix=(client.livez,)):
        yield
