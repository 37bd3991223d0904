"""Benchmark suites: which contenders run which requests."""

import random
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from app.db.strategies import STRATEGIES
from bench.contenders import PEERS, Contender, Running, running, service
from bench.meter import Meter, Sample
from bench.rounds import RoundResults, interleaved, progress

# Each request reads a random student.
RANDOM_STUDENT = """
request = function()
  local path = string.gsub(wrk.path, "%d+$", math.random(1, 600))
  return wrk.format("GET", path)
end
"""

NEW_STUDENT = """
local n = 0
request = function()
  n = n + 1
  local body = string.format([[{"first_name":"Zoë","last_name":"Sample","email":"%s.%d@b.example",
"campus_id":1,"address":{"address":"1 Street","district":"Old","city_id":1,"phone":"1"}}]],
    wrk.headers["X-Request-ID"], n)
  return wrk.format("POST", nil, nil, body)
end
"""

Result = dict[str, RoundResults]
ON_MYSQLCLIENT = "adaptive, mysqlclient"
CHECK_OVERHEAD_ROUNDS = 4  # per round of the other suites
# `single` fails under concurrent requests.
ALL = tuple(name for name in STRATEGIES if name != "single")


class Bench:
    """Runs suites of `rounds` rounds with loads of `seconds` seconds on one database.

    A contender is started when first needed and reused by later suites.
    """

    def __init__(self, server, url: str, sign_in, *, seconds: int, rounds: int) -> None:
        self._server = server
        self._url = url
        self._sign_in = sign_in
        self._seconds = seconds
        self._rounds = rounds
        self._stack = ExitStack()
        self._running: dict[str, Running] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def strategies(
        self, clients: tuple[int, ...], url: str = "", names: tuple[str, ...] = ALL
    ) -> dict[int, Result]:
        """Measure these strategies and the pool without checks at each number of clients."""
        contenders = [service(name) for name in [*names, "bench.no_check:NoCheck"]]
        all_ = [self._start(one, url) for one in contenders]
        return {number: self._round("strategies", all_, "city", number) for number in clients}

    def check_overhead(self) -> Result:
        """Measure `adaptive` and the pool without checks back to back, in more rounds.

        Among all other contenders they would run 20 seconds apart, during which the machine
        changes by more than the checks cost.
        """
        pair = [self._start(service(name)) for name in ("adaptive", "bench.no_check:NoCheck")]
        rounds = self._rounds * CHECK_OVERHEAD_ROUNDS
        measures = {one.contender.name: self._measure(one, one.url("city"), 16) for one in pair}
        return interleaved("check overhead", measures, rounds)

    def peers(self, what: str, url: str = "") -> Result:
        """Measure the service and its peers on one operation with 16 clients."""
        ours = [service("adaptive"), service("adaptive", ON_MYSQLCLIENT, DB_DRIVER="mysqlclient")]
        if what == "city":
            ours.append(service("per_request"))
        contenders = [*ours, *(peer for peer in PEERS if what in peer.paths)]
        all_ = [self._start(one, url) for one in contenders]
        return self._round(f"peers, {what}", all_, what, 16)

    def operations(self) -> Result:
        """Measure operations of the service with 16 clients."""
        ours = self._start(service("adaptive"))
        measures = {
            "one student": self._measure(ours, ours.url("one"), 16, RANDOM_STUDENT),
            "page of 100": self._measure(ours, ours.url("page"), 16),
            "deep page of 100": self._measure(ours, _deep_page(ours), 16),
            "create": self._measure(ours, ours.base + "/v1/students", 16, NEW_STUDENT),
        }
        return interleaved("operations", measures, self._rounds)

    def workers(self) -> Result:
        """Measure one and two workers, which share the cores with the client and the server."""
        contenders = {
            "1 worker": service("adaptive"),
            "2 workers": service("adaptive", WEB_CONCURRENCY="2"),
        }
        measures = {}
        for name, contender in contenders.items():
            ours = self._start(contender)
            measures[name] = self._measure(ours, ours.url("one"), 16, RANDOM_STUDENT)
        return interleaved("workers", measures, self._rounds)

    def _start(self, contender: Contender, url: str = "") -> Running:
        key = f"{contender.name} {contender.settings} {url}"
        if key not in self._running:
            progress(f"starting {contender.name}")
            starting = running(contender, url or self._url, self._sign_in)
            self._running[key] = self._stack.enter_context(starting)
        return self._running[key]

    def _round(self, title: str, all_: list[Running], what: str, clients: int) -> Result:
        script = RANDOM_STUDENT if what == "one" else ""
        measures = {
            one.contender.name: self._measure(one, one.url(what), clients, script) for one in all_
        }
        return interleaved(f"{title}, {clients} clients", measures, self._rounds)

    def _measure(
        self, one: Running, url: str, clients: int, script: str = ""
    ) -> Callable[[], Sample]:
        meter = Meter(self._server.connect(), self._server.pid, one.pid)

        def measure(seconds: int = self._seconds) -> Sample:
            run = f"b{random.getrandbits(40):x}"
            headers = {**one.headers, "X-Request-ID": run}
            if script is NEW_STUDENT:
                headers["Content-Type"] = "application/json"
            return meter.sample(
                url, clients=clients, seconds=seconds, headers=headers, script=script
            )

        measure(1)  # opens the connections and warms up the code
        return measure


def _deep_page(ours: Running) -> str:
    import httpx  # noqa: PLC0415

    path = "/v1/students?limit=100"
    with httpx.Client(base_url=ours.base, headers=ours.headers) as client:
        for _ in range(4):
            path = client.get(path).json()["next"]
    return ours.base + path
