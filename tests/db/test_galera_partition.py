"""Two Galera nodes, of which one is cut off while clients read and write through it.

The first node has a majority of the votes and stays in the primary component. The clients' new
connections lead to it, as through a proxy that has noticed the failure.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from threading import Barrier, Event

import pytest

from app.db.probe import probe
from tests.db.relay import Relay, through
from tests.db.test_concurrency import hold_at_once, settles
from tests.support.database import add, opened, words
from tests.support.galera import start_galera, words_on

pytestmark = pytest.mark.server_independent

WRITERS = 6
SUSPECT_SECONDS = 5
WAITING_SECONDS = 0.5
LONGER_THAN_THE_TEST_SECONDS = 60
SETTINGS = {
    "db_outage_patience_seconds": LONGER_THAN_THE_TEST_SECONDS,
    "db_connect_timeout_seconds": LONGER_THAN_THE_TEST_SECONDS,
    "db_read_consistency": "causal",
}
TOUCH = "UPDATE word SET touched = touched + 1 WHERE word = 'contended'"
COUNT = "SELECT COUNT(*) AS number FROM word WHERE word = 'before'"


@pytest.fixture(scope="module")
def cluster():
    timeouts = {"evs.suspect_timeout": f"PT{SUSPECT_SECONDS}S", "evs.inactive_timeout": "PT9S"}
    with start_galera(2, **timeouts) as nodes:
        yield nodes


@pytest.fixture(scope="module")
def url(cluster):
    return words_on(cluster[0])


def on(node, url):
    """Return the URL of the same database on this node."""
    return url.replace("@127.0.0.1:", f"@{node.host}:")


@contextmanager
def connected_to(node, url):
    """Yield a `Database` whose connections lead to the node, through a relay, and the relay."""
    with Relay(node.port) as relay:
        relay.target_host = node.host
        with opened(through(relay, url), **SETTINGS) as db:
            yield db, relay


def test_a_transaction_that_fails_certification_runs_again(cluster, url):
    """The other node's change of the same row is committed first; row locks are not shared."""

    def touch(tx):
        tx.execute(TOUCH)
        if not runs:
            on_second.run_transaction(lambda other: other.execute(TOUCH))
        runs.append(1)

    runs = []
    with opened(url) as on_first, opened(on(cluster[1], url), **SETTINGS) as on_second:
        on_first.run_transaction(lambda tx: add(tx, "contended"))
        on_first.run_transaction(touch)
        row = on_first.fetch_one("SELECT touched FROM word WHERE word = 'contended'")
        on_first.run_transaction(lambda tx: tx.execute("DELETE FROM word"))

    assert len(runs) == 2
    assert row == {"touched": 1 + 1}


class Partition:
    """What clients of the second node experience while it is cut off, and their statistics."""

    def __init__(self, cluster, url):
        self.first, self.second = cluster
        self.url = url
        self._at_commit = Barrier(WRITERS, action=self.second.isolate)
        self._is_cut = Event()

    def observe(self):
        with ExitStack() as stack:
            writer, writer_path = stack.enter_context(connected_to(self.second, self.url))
            reader, reader_path = stack.enter_context(connected_to(self.second, self.url))
            other, _ = stack.enter_context(connected_to(self.first, self.url))
            pool = stack.enter_context(ThreadPoolExecutor(WRITERS + 2))
            writer.run_transaction(lambda tx: add(tx, "before"))
            self.first_read = other.fetch_one(COUNT)
            hold_at_once(reader, threads=2)
            self.identities = [_identity(db) for db in (other, reader)]

            writes = [pool.submit(self._write, writer, number) for number in range(WRITERS)]
            assert self._is_cut.wait(LONGER_THAN_THE_TEST_SECONDS)
            writer_path.target_host = self.first.host  # of new connections, from now on
            waiting = [pool.submit(other.fetch_one, COUNT), _waiting_read(pool, reader)]
            self.probes = [_probe(db) for db in (other, reader)]
            self.was_waiting = not waiting[1].done()
            reader_path.target_host = self.first.host
            self.reads = [read.result() for read in waiting]
            self.results = [write.result() for write in writes]
            self.writer_statistics = writer.statistics()
            self.is_retried = settles(lambda: _is_retried(reader))
        with closing(self.first.connect(self.url)) as root:
            self.stored = words(root)
        return self

    def _write(self, db, number):
        def write(tx):
            add(tx, f"word {number}")
            if not self._is_cut.is_set():
                self._at_commit.wait(LONGER_THAN_THE_TEST_SECONDS)
                self._is_cut.set()

        return db.run_transaction(write)


def _identity(db):
    """Return host name, port and `server_id` of the node, and its identity for the pool."""
    names = db.fetch_one("SELECT @@hostname, @@port, @@server_id")
    entry, *_ = db.connections.strategy._idle.entries()
    return (*names.values(), entry.session.server)


def _waiting_read(pool, db):
    """Return a read that waits for the lost node; the first ones after the cut may not."""
    while True:
        read = pool.submit(db.fetch_one, COUNT)
        try:
            read.result(timeout=WAITING_SECONDS)
        except TimeoutError:
            return read


def _is_retried(db):
    """Read once more; return whether a read has been retried on another connection."""
    assert db.fetch_one(COUNT) == {"number": 1}
    return db.statistics().get("retried_read", 0) > 0


def _probe(db):
    return probe(db.connections, lambda reader: reader.fetch_one(COUNT))


@pytest.fixture(scope="module")
def partition(cluster, url):
    return Partition(cluster, url).observe()


def test_a_causal_read_sees_what_was_written_through_another_node(partition):
    assert partition.first_read == {"number": 1}


def test_each_write_in_flight_is_stored_exactly_once_and_acknowledged(partition):
    assert partition.results == [None] * WRITERS
    expected = ["before", *(f"word {number}" for number in range(WRITERS))]
    assert sorted(partition.stored) == sorted(expected)


def test_the_commit_tokens_decided_the_outcomes(partition):
    figures = partition.writer_statistics
    assert figures.get("commit_found", 0) + figures.get("commit_missing", 0) == WRITERS


def test_causal_reads_are_repeated_on_the_other_node(partition):
    assert partition.reads == [{"number": 1}] * 2
    assert partition.is_retried


def test_health_checks_are_answered_while_reads_wait_for_the_lost_node(partition):
    assert partition.probes == [{"number": 1}] * 2
    assert partition.was_waiting


def test_nodes_with_the_same_host_name_port_and_server_id_are_distinguished(partition):
    first, second = partition.identities
    assert first[:3] == second[:3]
    assert first[3] != second[3]
