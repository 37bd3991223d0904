"""Clients that read and write, and note every answer, its time, and what it said of the data.

Each request has a connection of its own, so that none waits in a worker behind another one.
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

from app.service import PROBLEM_TYPE
from tests.faults.ledger import Told

Kind = Literal["read", "write", "keyed write", "livez"]

NO_ANSWER = 0
PROBLEM = PROBLEM_TYPE
# A piece of any of these in an answer is the driver's, the kernel's or the operator's.
NOT_FOR_CLIENTS = ("pymysql", "MySQL", "MariaDB", "Errno", "errno", "Traceback", "(20", "(1")
SECONDS_BETWEEN_TRIES = 0.1
TRY_AGAIN_FOR_SECONDS = 3


@dataclass(frozen=True, slots=True)
class ResponseData:
    """One request and what came back; status 0 is no answer at all."""

    kind: Kind
    status: int
    problem: str
    sent_at: float  # time.monotonic
    seconds: float
    says_too_much: bool = False
    lacks_retry_after: bool = False
    is_anothers: bool = False  # a read that got somebody else's row
    worker: int = 0  # who answered a read

    @property
    def is_good(self) -> bool:
        """Whether the client got what it asked for."""
        return self.status in {200, 201} and not self.is_anothers

    @property
    def label(self) -> str:
        """The status, and for a failure its problem type."""
        if self.is_anothers:
            return "another's answer"
        if self.status == NO_ANSWER:
            return "no answer"
        return f"{self.status} {self.problem}".strip()


class Client:
    """Asks one service; safe with threads. `told` is what it knows of each entry it wrote."""

    def __init__(self, port: int, *, patience_seconds: float = 10, secret: str = "") -> None:
        self._port = port
        self._patience_seconds = patience_seconds
        self._secrets = (*NOT_FOR_CLIENTS, secret) if secret else NOT_FOR_CLIENTS
        self._lock = Lock()
        self.answers: list[ResponseData] = []
        self.told: dict[str, Told] = {}

    def read(self, sleep: float = 0) -> ResponseData:
        """Read once; the server sleeps for so long."""
        nonce = secrets.token_hex(8)
        path = f"/read?nonce={nonce}" + (f"&sleep={sleep}" if sleep else "")
        return self._ask("read", "GET", path, expect=nonce)

    def write(
        self,
        *,
        rows: Sequence[int] = (),
        pause: float = 0,
        hold: Path | None = None,
        size: int = 0,
        entry: str = "",
    ) -> ResponseData:
        """Write one entry, and never again whatever comes of it."""
        entry = entry or secrets.token_hex(16)
        path = _write_path(entry, rows, pause, size) + (f"&hold={hold}" if hold else "")
        answer = self._ask("write", "POST", path)
        self._note(entry, answer)
        return answer

    def write_with_key(self, *, rows: Sequence[int] = (), pause: float = 0) -> ResponseData:
        """Write one entry, again with the same key for as long as it fails, for some seconds."""
        entry = secrets.token_hex(16)
        path = _write_path(entry, rows, pause, 0)
        give_up_at = time.monotonic() + TRY_AGAIN_FOR_SECONDS
        while True:
            answer = self._ask("keyed write", "POST", path, key=entry)
            self._note(entry, answer)
            if answer.status not in {NO_ANSWER, 503} or time.monotonic() > give_up_at:
                return answer
            time.sleep(SECONDS_BETWEEN_TRIES)

    def livez(self) -> ResponseData:
        """Ask whether the process lives."""
        return self._ask("livez", "GET", "/livez")

    def get(self, path: str) -> dict[str, object]:
        """Fetch a JSON object; not counted as a request."""
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=10)) as connection:
            connection.request("GET", path, headers={"Connection": "close"})
            found: dict[str, object] = loads(connection.getresponse().read())
            return found

    def _ask(
        self, kind: Kind, method: str, path: str, *, key: str = "", expect: str = ""
    ) -> ResponseData:
        headers = {"Connection": "close"} | ({"Idempotency-Key": key} if key else {})
        started = time.monotonic()
        status, body, retry_after = NO_ANSWER, "", ""
        try:
            with closing(
                HTTPConnection("127.0.0.1", self._port, timeout=self._patience_seconds)
            ) as connection:
                connection.request(method, path, headers=headers)
                response = connection.getresponse()
                status, body = response.status, response.read().decode()
                retry_after = response.getheader("Retry-After", "")
        except (OSError, HTTPException):
            pass
        answer = ResponseData(
            kind,
            status,
            _problem_of(body) if status >= 400 else "",
            started,
            time.monotonic() - started,
            says_too_much=status >= 400 and any(word in body for word in self._secrets),
            lacks_retry_after=status == 503 and not retry_after,
            is_anothers=status == 200 and bool(expect) and expect not in body,
            worker=loads(body)["worker"] if status == 200 and expect else 0,
        )
        with self._lock:
            self.answers.append(answer)
        return answer

    def _note(self, entry: str, answer: ResponseData) -> None:
        told: Told = "not stored"
        if answer.status == 201:
            told = "stored"
        elif answer.status in {NO_ANSWER, 500}:
            told = "nothing"
        elif answer.problem == "outcome-unknown":
            told = "unknown"
        with self._lock:
            # An answer that leaves it open says nothing new about an earlier, other try.
            if told == "not stored" and self.told.get(entry) in {"unknown", "nothing"}:
                return
            self.told[entry] = told


def _write_path(entry: str, rows: Sequence[int], pause: float, size: int) -> str:
    path = f"/write?entry={entry}"
    if rows:
        path += f"&rows={','.join(map(str, rows))}"
    return path + (f"&pause={pause}" if pause else "") + (f"&size={size}" if size else "")


def _problem_of(body: str) -> str:
    try:
        found = loads(body).get("type", "")
    except ValueError:
        return "not problem+json"
    return str(found).removeprefix(PROBLEM).removeprefix("about:blank")


def at_once(work: Callable[[], object], *, threads: int, each: int = 1) -> None:
    """Do this in so many threads at the same time, so many times in each."""
    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(lambda: [work() for _ in range(each)]) for _ in range(threads)]
    for one in running:
        one.result()


@contextmanager
def traffic(
    client: Client,
    *,
    clients: int = 8,
    seed: int = 1,
    pause_seconds: float = 0.02,
    mix: Sequence[Callable[[], object]] = (),
) -> Iterator[None]:
    """Read and write from so many clients until the block ends."""
    stop = Event()
    choices = mix or (client.read, client.read, client.write, client.write_with_key)

    def one_client(number: int) -> None:
        chosen = random.Random(seed * 1000 + number)
        while not stop.is_set():
            chosen.choice(choices)()
            stop.wait(chosen.uniform(0, 2 * pause_seconds))

    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(one_client, number) for number in range(clients)]
        try:
            yield
        finally:
            stop.set()
    for one in running:
        one.result()


@contextmanager
def watching_livez(client: Client, *, every_seconds: float = 0.1) -> Iterator[None]:
    """Ask `livez` all the time."""
    with traffic(client, clients=1, pause_seconds=every_seconds, mix=(client.livez,)):
        yield
