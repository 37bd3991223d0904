"""`/metrics` adds up all workers, and stays correct when workers end."""

import os
import platform
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import httpx
import pytest
from flask import send_file
from flask import stream_with_context as with_context
from prometheus_client.parser import text_string_to_metric_families

from app import create_app
from app.http.context import database
from app.operations import schema
from app.operations.worker_metrics import WorkerMetrics
from tests.deployment.servers import NIGHTLY_ON_GRANIAN, booted_workers, until
from tests.support.database import connections_of, query, settings_for
from tests.support.service import PROJECT, serving

LOOKUP = "/?city=London"
WORKERS = 2
REQUESTS = "http_requests_total"
IN_FLIGHT = "http_requests_in_flight"
RSS = "process_resident_memory_bytes"
WAITING = """
    SELECT COUNT(*) FROM information_schema.processlist
    WHERE db = DATABASE() AND state LIKE 'Waiting for table%'
"""


@pytest.fixture(scope="module", params=NIGHTLY_ON_GRANIAN)
def running(request, migrated):
    with serving(migrated, request.param, WEB_CONCURRENCY=WORKERS, THREADS=4) as service:
        until(lambda: len(booted_workers(service)) == WORKERS, "the workers start")
        yield service


@pytest.fixture
def service(running):
    """The shared service, with a client that has no connection to an ended worker."""
    running.client.close()
    running.client = httpx.Client(base_url=running.client.base_url, timeout=60, trust_env=False)
    return running


def scrape(client):
    """Return every sample: name and labels to value."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def total(samples, name, **labels):
    """Return the sum over all samples with this name and these labels."""
    wanted = set(labels.items())
    return sum(value for (found, its), value in samples.items() if found == name and wanted <= its)


def wait_until_workers_may_be_killed(service):
    """granian ends if a worker is killed within 5.5 s of its start."""
    if service.served_by == "granian":
        time.sleep(6)


def lookups(client):
    return total(scrape(client), REQUESTS, method="GET", route="/", status="200")


def test_every_worker_reports_the_sum_of_all_workers(service):
    before = lookups(service)

    service.burst(LOOKUP, threads=8, each=5)

    assert {lookups(service) - before for _ in range(8)} == {40}


def test_the_counts_of_a_killed_worker_remain(service):
    before, booted = scrape(service), booted_workers(service)
    service.burst(LOOKUP, threads=8, each=2)

    os.kill(booted[-1], signal.SIGKILL)
    until(lambda: len(booted_workers(service)) > len(booted), "a new worker starts")
    service.burst(LOOKUP, threads=8, each=1)

    after = scrape(service)
    assert total(after, REQUESTS, route="/") - total(before, REQUESTS, route="/") == 16 + 8
    for (name, labels), value in before.items():
        if name not in {IN_FLIGHT, "database_connections"} and not name.startswith("process_"):
            assert after[name, labels] >= value


def test_the_counts_remain_after_a_reload(service):
    before, booted = lookups(service), booted_workers(service)
    service.burst(LOOKUP, threads=4, each=2)

    service.process.send_signal(signal.SIGHUP)
    until(lambda: len(booted_workers(service)) == len(booted) + WORKERS, "the new workers start")

    with httpx.Client(base_url=service.client.base_url, timeout=60, trust_env=False) as client:
        assert lookups(client) - before == 8


def test_the_requests_of_a_killed_worker_are_not_in_flight(service, server, migrated):
    until(lambda: total(scrape(service), IN_FLIGHT) == 1, "the old workers end")
    wait_until_workers_may_be_killed(service)
    booted = booted_workers(service)
    with (
        closing(server.connect(migrated)) as locker,
        closing(server.connect(migrated)) as observer,
        ThreadPoolExecutor(3) as pool,
    ):
        query(locker, "LOCK TABLES city WRITE")
        held = [pool.submit(service.get, LOOKUP) for _ in range(3)]
        until(lambda: query(observer, WAITING) == ((3,),), "all requests wait")
        busy = total(scrape(service), IN_FLIGHT)
        for pid in booted[-WORKERS:]:
            os.kill(pid, signal.SIGKILL)
        until(lambda: len(booted_workers(service)) == len(booted) + WORKERS, "new workers start")
        query(locker, "UNLOCK TABLES")
        assert all(request.exception() for request in held)

    assert busy == 3 + 1  # the scrape itself
    until(lambda: total(scrape(service), IN_FLIGHT) == 1, "only the scrape is in flight")


def test_a_configured_folder_is_used_and_emptied_at_the_start(migrated, tmp_path):
    old = tmp_path / "histogram_1.db"
    old.touch()

    with serving(migrated, WEB_CONCURRENCY=1, PROMETHEUS_MULTIPROC_DIR=tmp_path) as service:
        service.get(LOOKUP)

        assert lookups(service) == 1
    assert not old.exists()
    assert list(tmp_path.glob("*.db"))


def test_the_default_folder_is_private_and_removed_at_the_end(migrated):
    with serving(migrated, WEB_CONCURRENCY=1) as service:
        assert service.get("/metrics").status_code == 200
        (pid,) = booted_workers(service)
        (file,) = Path("/dev/shm").glob(f"service-metrics-*/histogram_{pid}.db")
        folder = file.parent
        assert folder.stat().st_mode & 0o077 == 0

        service.process.send_signal(signal.SIGTERM)
        service.process.wait(60)

    assert not folder.exists()


@pytest.fixture
def url(server):
    return server.create_database()


@pytest.fixture
def client(url):
    """A client of a new application with a view that sends one statement."""
    app = create_app(settings_for(url))
    app.add_url_rule(
        "/one", view_func=lambda: str(database().fetch_one("SELECT 1")), endpoint="one"
    )
    yield app.test_client()
    app.extensions["database"].close()


def test_a_single_process_reports_its_own_values(client):
    client.get("/one")
    client.get("/v1/countries")

    samples = scrape(client)
    assert total(samples, REQUESTS, route="/one", status="200") == 1
    assert total(samples, REQUESTS, route="/v1/countries", status="401") == 1
    assert total(samples, "database_statements_total", method="GET", route="/one") == 1


@pytest.fixture
def lose_connection(client, server, url):
    """Kill the connection of the application, which replaces it with the next request."""

    def lose():
        client.get("/one")
        with closing(server.connect()) as dba:
            for victim in connections_of(dba, url):
                query(dba, f"KILL {victim}")
            until(lambda: not connections_of(dba, url), "the server has closed the connection")
        client.get("/one")

    return lose


def test_the_service_says_what_it_consists_of(client):
    (labels,) = (dict(labels) for name, labels in scrape(client) if name == "service_info")

    assert labels["strategy"] == "adaptive"
    assert labels["driver"] == "pymysql"
    assert labels["schema"] == schema.newest()
    assert labels["python"] == platform.python_version()


def test_the_resources_of_each_worker_are_reported(service):
    def workers():
        service.burst(LOOKUP, threads=8, each=2)
        rss = [labels for name, labels in scrape(service.client) if name == RSS]
        return sorted(int(dict(labels)["pid"]) for labels in rss)

    until(lambda: workers() == sorted(booted_workers(service)[-WORKERS:]), "all have answered")
    samples = scrape(service.client)
    for worker in booted_workers(service)[-WORKERS:]:
        assert 20e6 < total(samples, RSS, pid=str(worker)) < 500e6
        assert total(samples, "process_cpu_seconds_total", pid=str(worker)) > 0
        assert total(samples, "process_open_fds", pid=str(worker)) > 5


def test_the_master_is_not_a_worker(tmp_path):
    """After an upgrade (USR2) with a folder of its own, the new master has a file too."""
    for process_id in (os.getpid(), os.getppid()):
        (tmp_path / f"gauge_livesum_{process_id}.db").touch()

    families = {family.name: family for family in WorkerMetrics({}, tmp_path).collect()}
    assert [sample.labels for sample in families[RSS].samples] == [{"pid": str(os.getpid())}]


def test_closed_connections_are_counted_by_cause(client, lose_connection):
    lose_connection()

    samples = scrape(client)
    causes = {
        dict(labels)["cause"]: value
        for (name, labels), value in samples.items()
        if name == "database_connections_closed_total"
    }
    assert sum(causes.values()) == 1
    assert set(causes) <= {"fin", "reset", "killed", "server_error"}
    assert total(samples, "database_connection_events_total", event="opened") == 2


def test_the_documents_list_every_metric_with_its_labels(client, lose_connection):
    table = re.findall(
        r"^\| `((?:http|database|process|service)_\w+)` \| (.*?) \|",
        (PROJECT / "docs/deployment.md").read_text(),
        re.MULTILINE,
    )
    listed = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in table}
    lose_connection()  # a counter has labels from its first increment on

    real = {}
    for name, labels in scrape(client):
        if not name.endswith("_created"):
            metric = re.sub("_(bucket|count|sum)$", "", name)
            real.setdefault(metric, set()).update({label for label, _ in labels} - {"le"})

    assert listed == real


def test_unknown_paths_and_methods_do_not_become_labels(client):
    for number in range(20):
        client.get(f"/unknown/{number}")
        client.open("/", method=f"VERB{number}")

    labels = [dict(labels) for _, labels in scrape(client)]
    assert {its["route"] for its in labels if "route" in its} == {"none"}
    assert {its["method"] for its in labels if "method" in its} == {"GET", "other"}


TOKEN = "metrics-token-of-the-tests-0123456789"
FROM_LOOPBACK = [
    {"REMOTE_ADDR": it} for it in ("127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1")
]
FROM_ELSEWHERE = [
    {"REMOTE_ADDR": it} for it in ("192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7", "", "unix:")
]
THROUGH_A_PROXY = [
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Forwarded-For": ""},
    {"Forwarded": "for=127.0.0.1"},
    {"X-Real-IP": "127.0.0.1"},
    {"Via": "1.1 proxy"},
    {"X-Forwarded-Proto": "http"},
    {"X-Forwarded-Host": "localhost"},
]


@pytest.fixture
def client_with(url):
    """A function that creates a client of an application with these settings."""
    with ExitStack() as stack:

        def create(**settings):
            app = create_app(settings_for(url, **settings))
            stack.callback(app.extensions["database"].close)
            return app.test_client()

        yield create


def assert_refused(response):
    assert response.status_code == 403
    assert response.mimetype == "application/problem+json"
    assert "http_request" not in response.text


@pytest.mark.parametrize("environ", FROM_LOOPBACK, ids=str)
def test_local_processes_may_read_the_metrics(environ, client):
    assert client.get("/metrics", environ_base=environ).status_code == 200


@pytest.mark.parametrize("environ", FROM_ELSEWHERE, ids=str)
def test_other_machines_may_not_read_the_metrics(environ, client):
    assert_refused(client.get("/metrics", environ_base=environ))


def test_a_forwarded_address_is_not_the_address_of_the_peer(client_with):
    remote, headers = {"REMOTE_ADDR": "192.0.2.7"}, {"X-Forwarded-For": "127.0.0.1"}

    response = client_with(trusted_proxies=1).get("/metrics", environ_base=remote, headers=headers)

    assert_refused(response)


@pytest.mark.parametrize("proxies", [0, 1])
@pytest.mark.parametrize("headers", THROUGH_A_PROXY, ids=str)
def test_a_local_proxy_does_not_make_its_clients_local(headers, proxies, client_with):
    client = client_with(trusted_proxies=proxies)

    assert_refused(client.get("/metrics", headers=headers))
    assert client.get("/metrics").status_code == 200


def test_a_client_with_the_token_may_read_the_metrics(client_with):
    client = client_with(metrics_token=TOKEN, trusted_proxies=1)
    remote = {"REMOTE_ADDR": "192.0.2.7"}

    for headers in ({}, {"X-Forwarded-For": "198.51.100.1"}):
        headers |= {"Authorization": f"Bearer {TOKEN}"}
        response = client.get("/metrics", headers=headers, environ_base=remote)
        assert response.status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN, "Bearer \xff"],
)
def test_with_a_token_everybody_needs_it(authorization, client_with):
    headers = {} if authorization is None else {"Authorization": authorization}

    assert_refused(client_with(metrics_token=TOKEN).get("/metrics", headers=headers))


def test_the_token_for_metrics_is_not_an_access_token(client_with):
    client = client_with(metrics_token=TOKEN)

    response = client.get("/v1/students", headers={"Authorization": f"Bearer {TOKEN}"})

    assert response.status_code == 401


def test_hostile_requests_do_not_add_samples(client):
    def hostile(number):
        client.open(f"/unknown/{number}", method=f"VERB{number}")
        client.get(f"//metrics/{number}%00")
        client.post("/v1/tokens", headers={"Host": f"host{number}"})
        client.get("/metrics", environ_base={"REMOTE_ADDR": f"192.0.2.{number}"})
        client.get(f"/v1/students/{number}?parameter{number}=1")

    hostile(1)
    scrape(client)  # its own samples are added after it
    before = len(scrape(client))
    for number in range(2, 30):
        hostile(number)

    assert len(scrape(client)) == before


def test_each_further_status_of_an_operation_adds_one_sample(client):
    """A client causes as many statuses as it likes; each bucket of each would take memory."""
    codes = range(400, 412)
    client.application.add_url_rule("/chosen/<int:code>", view_func=lambda code: ("", code))
    client.get("/chosen/200")
    scrape(client)  # its own samples are added after it
    before = len(samples(client))
    for code in codes:
        client.get(f"/chosen/{code}")

    assert len(samples(client)) == before + len(codes)


def samples(client):
    """Return the samples that several workers have: without the times of creation."""
    return [name for name, _ in scrape(client) if not name.endswith("_created")]


class ConcurrentScrapes:
    """A collector that records how many scrapes run at the same time."""

    def __init__(self, expected):
        self.barrier, self.most, self._running = Barrier(expected), 0, 0

    def describe(self):
        return []

    def collect(self):
        self._running += 1
        self.most = max(self.most, self._running)
        with suppress(BrokenBarrierError):
            self.barrier.wait(timeout=0.1)
        self._running -= 1
        return []


def test_one_scrape_runs_at_a_time(client):
    """Each takes memory in proportion to the number of samples and workers."""
    metrics = client.application.extensions["metrics"]
    scrapes = ConcurrentScrapes(expected=3)
    metrics.registry.register(scrapes)

    with ThreadPoolExecutor(3) as pool:
        texts = list(pool.map(lambda _: metrics.exposition("text/plain")[0], range(3)))

    assert all(texts)
    assert scrapes.most == 1


class Nested:
    """A collector that sends another request for the metrics during a scrape."""

    def __init__(self, client):
        self.client, self.response = client, None

    def collect(self):
        self.response = self.response or self.client.get("/metrics")
        return []

    def describe(self):
        return []


def test_a_scrape_that_waits_too_long_gets_503(client, monkeypatch):
    monkeypatch.setattr("app.operations.metrics.MAX_SCRAPE_WAIT_SECONDS", 0.01)
    nested = Nested(client)
    client.application.extensions["metrics"].registry.register(nested)

    assert client.get("/metrics").status_code == 200
    assert nested.response.status_code == 503
    assert nested.response.headers["Retry-After"] == "1"


def test_a_duration_is_counted_in_its_bucket(client):
    client.application.add_url_rule("/slow", view_func=lambda: time.sleep(0.06) or "done")
    client.get("/slow")

    samples = scrape(client)
    bucket = "http_request_duration_seconds_bucket"
    assert total(samples, bucket, route="/slow", le="0.05") == 0
    assert total(samples, bucket, route="/slow", le="10.0") == 1


@pytest.mark.parametrize("context", [with_context, iter])
def test_a_streamed_response_is_in_flight_until_its_end(context, client):
    app, in_flight = client.application, []

    def stream():
        yield "begun"
        yield "ended"

    app.add_url_rule("/stream", view_func=lambda: app.response_class(context(stream())))
    with client.get("/stream") as response:
        in_flight.append(total(scrape(client), IN_FLIGHT))
        assert response.text == "begunended"
    in_flight.append(total(scrape(client), IN_FLIGHT))

    assert in_flight == [2, 1]
    assert total(scrape(client), REQUESTS, route="/stream") == 1


def test_a_file_is_counted_once(client, tmp_path):
    tmp_path.joinpath("file").write_text("content")
    client.application.add_url_rule("/file", view_func=lambda: send_file(tmp_path / "file"))

    with client.get("/file") as response:
        assert response.text == "content"

    assert total(scrape(client), REQUESTS, route="/file") == 1
    assert total(scrape(client), IN_FLIGHT) == 1


def test_openmetrics_is_returned_if_it_is_accepted(client):
    response = client.get(
        "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"}
    )

    assert response.content_type.startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")
