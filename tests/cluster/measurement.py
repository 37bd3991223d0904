"""One measured event: the responses during it, and the comparison with every server."""

import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from dev.names import DATABASE
from tests.cluster.client import Client
from tests.cluster.events import IN_FLIGHT, NOTHING, OUTAGE
from tests.cluster.ledger import DISCREPANCIES
from tests.cluster.load import READS, THREADS, Load

BEFORE_SECONDS = 3
AFTER_SECONDS = 5
# The longest time without a success that clients may see, by engine.
RECOVERY_SECONDS = {"galera": 4.0, "mysql": 8.0}


@dataclass(frozen=True, slots=True)
class Measurement:
    """What clients saw during one event. Durations in seconds."""

    engine: str
    route: str
    event: str
    allowed: str
    requests: int
    rate: float  # requests per second
    failed: int
    labels: dict[str, int]  # of the failed requests
    failed_kinds: dict[str, int]
    unfinished: int  # keyed writes that never succeeded
    missing_own_writes: int
    read_gap: float  # longest time without a successful read
    write_gap: float
    worst: float
    ledger: dict[str, int]
    servers_agree: bool
    run: str = ""
    told: dict[str, int] = field(default_factory=dict)

    @property
    def key(self):
        return self.engine, self.route, self.event

    @property
    def discrepancies(self):
        return {name: count for name, count in self.ledger.items() if name in DISCREPANCIES}

    @property
    def is_consistent(self):
        """Whether no acknowledged write was lost or doubled, and every server has the same rows."""
        return not self.discrepancies and self.servers_agree and not self.missing_own_writes

    @property
    def internal_errors(self):
        return sum(count for label, count in self.labels.items() if label.startswith("500"))

    @property
    def only_unknown_writes_failed(self):
        """Whether each failed request was a write, answered with `outcome-unknown`."""
        is_told = all(label.endswith(" outcome-unknown") for label in self.labels)
        return is_told and not READS & self.failed_kinds.keys()

    def problems(self):
        """Return what contradicts the promises for this event."""
        found = []
        if not self.is_consistent:
            found.append(
                f"ledger {self.ledger}, {self.missing_own_writes} own writes missing, "
                f"servers {'agree' if self.servers_agree else 'differ'}"
            )
        if self.internal_errors:
            found.append(f"{self.internal_errors} responses with status 500")
        if self.allowed == NOTHING and self.failed:
            found.append(f"{self.failed} failed requests: {self.labels}")
        if self.allowed == IN_FLIGHT and self.failed > THREADS:
            found.append(f"{self.failed} failed requests from {THREADS} clients: {self.labels}")
        if self.allowed == IN_FLIGHT and not self.only_unknown_writes_failed:
            found.append(f"failed otherwise: {self.labels}, {self.failed_kinds}")
        if self.unfinished:
            found.append(f"{self.unfinished} keyed writes never succeeded")
        limit = RECOVERY_SECONDS[self.engine]
        if self.allowed != OUTAGE and max(self.read_gap, self.write_gap) > limit:
            found.append(
                f"no success for {self.read_gap:.1f} s (reads) and {self.write_gap:.1f} s (writes)"
            )
        return found

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(cluster, event, firewall, *, threads=THREADS):
    """Run one event under load and compare what the clients were told with every server."""
    admin = next(user for user in cluster.users if user["role"] == "admin")
    number = writer_of(cluster)
    if not event.to_writer:
        number = max(each for each in cluster.nodes if each != number)
    client = Client(cluster.url, admin).sign_in()
    load = Load(client, threads=threads)
    with cluster.nodes[writer_of(cluster)].connect(database=DATABASE) as connection:
        load.prepare(connection.cursor())
    started = time.monotonic()
    load.start()
    try:
        time.sleep(BEFORE_SECONDS)
        event.run(cluster, number, firewall)
        time.sleep(AFTER_SECONDS)
    finally:
        firewall.clear()
        load.finish()
    ended = time.monotonic()
    cluster.recover()
    return _summarize(cluster, event, load, started, ended)


def writer_of(cluster):
    """Return the number of the server that the proxy uses for writes."""
    sessions = cluster.proxy.sessions("writer")
    return int(max(sessions, key=sessions.__getitem__).removeprefix("node"))


def _summarize(cluster, event, load, started, ended):
    responses = load.client.responses
    failed = [response for response in responses if response.is_failure]
    cluster.wait_until_applied()
    ledgers = list(_ledgers(cluster, load.ledger))
    reads = [response for response in responses if response.kind in READS]
    writes = [response for response in responses if response.kind not in READS]
    return Measurement(
        engine=cluster.engine,
        route=cluster.route,
        event=event.name,
        allowed=event.allowed,
        requests=len(responses),
        rate=round(len(responses) / (ended - started), 1),
        failed=len(failed),
        labels=dict(Counter(response.label for response in failed)),
        failed_kinds=dict(Counter(response.kind for response in failed)),
        unfinished=load.unfinished,
        missing_own_writes=load.missing_own_writes,
        read_gap=_gap(reads, started),
        write_gap=_gap(writes, started),
        worst=round(max(response.seconds for response in responses), 2),
        ledger=dict(ledgers[0]),
        servers_agree=all(ledger == ledgers[0] for ledger in ledgers),
        told=dict(load.ledger.told()),
    )


def _ledgers(cluster, ledger):
    for node in cluster.nodes.values():
        with node.connect(database=DATABASE) as connection:
            yield ledger.compare(connection.cursor())


def _gap(responses, started):
    """Return the longest time between two consecutive successes."""
    times = sorted(response.received_at for response in responses if response.is_success)
    points = [started, *times]
    gaps = [later - earlier for earlier, later in zip(points, times, strict=False)]
    return round(max(gaps, default=float("inf")), 2)
