"""`/v1/status`: what administrators see, and that nothing is recorded while nobody asks."""

import json
import os
import signal
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from app import create_app
from app.operations.metrics import BUCKETS_SECONDS
from app.operations.status.reports import REPORTS, WATCH_FILE, WATCHED_SECONDS, WorkerReports
from tests.deployment.servers import booted_workers, until
from tests.operations.test_metrics import REQUESTS, scrape, total
from tests.support.counting import statements
from tests.support.database import connections_of, kill_all, query, settings_for
from tests.support.service import serving

WORKERS = 2
STATUS = "/v1/status"
LOOKUP = "/?city=London"
# Longer than a worker waits between two reports while somebody watches.
QUIET_SECONDS = 2.0


@pytest.fixture
def own(migrated):
    """A new application, whose totals are those of the test."""
    app = create_app(settings_for(migrated, db_pool_size=3))
    with closing(app.extensions["database"]):
        yield app.test_client()


def read(client, as_role):
    response = client.get(STATUS, headers=as_role("admin"))
    assert response.status_code == 200
    return response.json


def test_requests_are_counted_by_class_of_status_without_those_of_machines(own, as_role):
    for path in ("/?city=London", "/?city=Xyz", "/v1/students", "/livez", "/readyz", "/metrics"):
        own.get(path)
    read(own, as_role)
    status = read(own, as_role)

    assert status["requests"] == {"2xx": 1, "3xx": 0, "4xx": 2, "5xx": 0}
    assert status["statements"] == 2
    assert status["connection_wait_seconds"] > 0


def test_the_durations_are_those_of_the_same_requests(own, as_role):
    for _ in range(3):
        own.get(LOOKUP)
    durations = read(own, as_role)["durations"]

    assert durations[-1] == {"at_most_seconds": None, "requests": 3}
    limits = [it["at_most_seconds"] for it in durations[:-1]]
    assert limits == sorted(limits)
    assert sorted(it["requests"] for it in durations) == [it["requests"] for it in durations]


def test_the_server_is_described(own, as_role, dba):
    ((version, wait_timeout, most),) = query(
        dba, "SELECT VERSION(), @@GLOBAL.wait_timeout, @@max_connections"
    )
    server = read(own, as_role)["server"]

    assert server["version"] == version
    assert server["wait_timeout_seconds"] == wait_timeout
    assert server["max_connections"] == most
    assert 2 <= server["connections"] <= most  # this one and `dba`


def test_a_request_for_the_status_sends_two_statements(own, as_role, server):
    read(own, as_role)

    assert statements(server, lambda: read(own, as_role)) == 2


def test_the_pool_is_described(own, as_role):
    (worker,) = read(own, as_role)["workers"]
    (pool,) = worker["pools"]
    (connection,) = pool["connections"]

    assert worker["process_id"] == os.getpid()
    assert (pool["name"], pool["size"], pool["idle"], pool["in_use"]) == ("primary", 3, 1, 0)
    assert pool["circuit"] == {"is_open": False, "open_seconds": None, "error_code": 0}
    assert connection["state"] == "idle"
    assert connection["age_seconds"] > connection["state_seconds"] >= 0


def test_a_killed_connection_is_listed_with_its_reason(own, as_role, dba, migrated):
    (victim,) = read(own, as_role)["workers"][0]["pools"][0]["connections"]
    query(dba, f"KILL {victim['connection_id']}")
    until(lambda: victim["connection_id"] not in connections_of(dba, migrated), "it ends")

    (closed,) = read(own, as_role)["closed_connections"]
    assert closed["connection_id"] == victim["connection_id"]
    assert (closed["cause"], closed["detected_by"]) == ("fin", "liveness_check")
    assert closed["cost_seconds"] == 0
    assert 0 <= closed["closed_seconds_ago"] < closed["age_seconds"] + 60


def test_an_unreachable_server_is_described_at_once(as_role):
    app = create_app(settings_for("mysql://app@127.0.0.1:1/nothing"))
    with closing(app.extensions["database"]):
        status = read(app.test_client(), as_role)

    assert status["server"] is None
    assert status["server_problem"].endswith(".")
    (pool,) = status["workers"][0]["pools"]
    assert pool["circuit"]["is_open"]
    assert pool["circuit"]["error_code"] == 2003


def test_another_strategy_shows_no_connections(migrated, as_role):
    app = create_app(settings_for(migrated, db_strategy="pooled"))
    with closing(app.extensions["database"]):
        status = read(app.test_client(), as_role)

    assert status["strategy"] == "pooled"
    assert [worker["pools"] for worker in status["workers"]] == [[]]
    assert status["server"]


@pytest.mark.parametrize("path", [STATUS, "/status/", "/status/page.js"])
def test_the_setting_turns_the_page_off(path, migrated, as_role):
    app = create_app(settings_for(migrated, status_page=False))
    client = app.test_client()

    assert client.get(path, headers=as_role("admin")).status_code == 404
    assert "/status" not in client.get("/", headers={"Accept": "text/html"}).text
    assert "worker_reports" not in app.extensions


class Worker(WorkerReports):
    """The reports of a worker whose time passes when the test says so."""

    def __init__(self, folder, monkeypatch, process_id):
        super().__init__(dict, folder)
        self.monkeypatch, self.process_id = monkeypatch, process_id

    def look(self):
        """Look at the watched file and return whether the report was written."""
        file = self._folder / REPORTS.replace("*", str(self.process_id))
        file.unlink(missing_ok=True)
        self._next_look_at = 0
        with self.monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: self.process_id)
            self.write_if_watched()
        return file.exists()


@pytest.fixture
def worker(tmp_path, monkeypatch):
    return Worker(tmp_path, monkeypatch, process_id=os.getppid())


def test_a_worker_writes_its_report_only_while_somebody_watches(worker, tmp_path):
    before = [worker.look() for _ in range(3)]
    WorkerReports(dict, tmp_path).read_all()
    watched = [worker.look() for _ in range(3)]
    worker._watched_until -= WATCHED_SECONDS
    after = [worker.look() for _ in range(3)]

    assert (before, watched, after) == ([False] * 3, [True] * 3, [False] * 3)


def test_a_new_worker_does_not_take_an_old_watcher_for_a_new_one(worker, tmp_path):
    (tmp_path / WATCH_FILE).touch()

    assert [worker.look() for _ in range(3)] == [False] * 3


def test_a_worker_looks_at_the_file_twice_a_second_at_most(worker, monkeypatch):
    looks = []
    monkeypatch.setattr(
        "app.operations.status.reports._touched_at_ns", lambda file: looks.append(file) or 0
    )
    for _ in range(100):
        worker.write_if_watched()

    assert len(looks) == 1


def test_the_report_of_an_ended_worker_is_not_shown(worker, tmp_path):
    reader = WorkerReports(dict, tmp_path)
    worker.look()
    reader.read_all()
    worker.look()
    (file,) = tmp_path.glob(REPORTS)
    report = json.loads(file.read_text())
    shown = [it["process_id"] for it in reader.read_all()]
    for age_seconds in (WATCHED_SECONDS + 1, -60):  # the latter: before a restart of the machine
        old = {**report, "written_at": report["written_at"] - age_seconds}
        file.write_text(json.dumps(old))
        assert [it["process_id"] for it in reader.read_all()] == [os.getpid()]

    assert shown == sorted([os.getpid(), worker.process_id])


def test_a_folder_that_cannot_be_written_does_not_end_the_worker(worker, tmp_path, caplog):
    worker.look()
    (tmp_path / WATCH_FILE).touch()
    (tmp_path / f"status-{worker.process_id}.new").mkdir()

    assert not worker.look()
    assert "the status of this worker cannot be written" in caplog.text


def test_a_strategy_that_cannot_be_described_does_not_end_the_worker(worker, tmp_path, caplog):
    worker._snapshots = lambda: {"primary": "not a snapshot"}
    worker.look()
    (tmp_path / WATCH_FILE).touch()

    assert not worker.look()
    assert "the status of this worker cannot be written: TypeError" in caplog.text


@pytest.fixture(scope="module")
def running(migrated, tmp_path_factory):
    folder = tmp_path_factory.mktemp("metrics")
    settings = {"WEB_CONCURRENCY": WORKERS, "PROMETHEUS_MULTIPROC_DIR": folder}
    with serving(migrated, THREADS=4, **settings) as service:
        until(lambda: len(booted_workers(service)) == WORKERS, "the workers start")
        yield service


@pytest.fixture
def service(running):
    """The shared service, with a client that has no connection to an ended worker."""
    running.client.close()
    running.client = httpx.Client(base_url=running.client.base_url, timeout=60, trust_env=False)
    return running


def ask(service, as_role):
    """Return the status, from any worker."""
    with httpx.Client(base_url=service.client.base_url, timeout=60, trust_env=False) as client:
        return client.get(STATUS, headers=as_role("admin")).json()


def workers_in(status):
    return [worker["process_id"] for worker in status["workers"]]


def files_of(service):
    """Return the names and times of all files that belong to the status."""
    folder = Path(service.environment["PROMETHEUS_MULTIPROC_DIR"])
    return {file.name: file.stat().st_mtime_ns for file in folder.glob("status*")}


def test_the_totals_are_those_of_the_metrics(service, as_role):
    service.burst(LOOKUP, threads=8, each=4)
    service.burst("/?city=Xyz", threads=2, each=2)
    status, families = ask(service, as_role), scrape(service.client)
    lookups = {"route": "/"}
    bucket = "http_request_duration_seconds_bucket"

    assert status["requests"]["4xx"] == total(families, REQUESTS, status="404", **lookups) == 4
    assert status["requests"]["2xx"] == total(families, REQUESTS, status="200", **lookups)
    assert status["statements"] == total(families, "database_statements_total", **lookups)
    assert {it["at_most_seconds"]: it["requests"] for it in status["durations"]} == {
        limit: total(families, bucket, le=str(limit or "+Inf"), **lookups)
        for limit in (*map(float, BUCKETS_SECONDS), None)
    }


def test_every_worker_shows_all_workers(service, as_role):
    expected = sorted(booted_workers(service)[-WORKERS:])

    def are_all_shown_by_each_worker():
        return all(workers_in(ask(service, as_role)) == expected for _ in range(8))

    until(are_all_shown_by_each_worker, "each worker has reported")
    assert len({ask(service, as_role)["instance_id"] for _ in range(8)}) == 1


def test_every_worker_of_granian_shows_all_workers(migrated, tmp_path, as_role):
    settings = {"WEB_CONCURRENCY": WORKERS, "PROMETHEUS_MULTIPROC_DIR": tmp_path}
    with serving(migrated, "granian", THREADS=4, **settings) as service:
        until(lambda: len(booted_workers(service)) == WORKERS, "the workers start")
        expected = sorted(booted_workers(service))
        until(lambda: workers_in(ask(service, as_role)) == expected, "both have reported")


def test_another_replica_has_another_id(own, migrated, as_role):
    other = create_app(settings_for(migrated))
    with closing(other.extensions["database"]):
        ids = {read(client, as_role)["instance_id"] for client in (own, other.test_client())}

    assert len(ids) == 2


def test_the_pools_and_closed_connections_of_all_workers_are_shown(service, as_role, dba, migrated):
    service.burst(LOOKUP, threads=8, each=4)
    used = {worker for worker, pools in pools_in(ask_all(service, as_role)) if pools}
    before = connections_of(dba, migrated)
    kill_all(dba, migrated)
    service.burst(LOOKUP, threads=8, each=4)

    def all_are_listed():
        closed = ask(service, as_role)["closed_connections"]
        return {it["process_id"] for it in closed} >= used

    until(all_are_listed, "the workers report what they have closed")
    closed = ask(service, as_role)["closed_connections"]
    assert {it["connection_id"] for it in closed} <= before
    assert {it["cause"] for it in closed} == {"fin"}
    ages = [it["closed_seconds_ago"] for it in closed]
    assert ages == sorted(ages)


def ask_all(service, as_role):
    """Return the status once it includes all workers."""
    found = []
    until(
        lambda: found.append(ask(service, as_role)) or len(workers_in(found[-1])) == WORKERS,
        "all workers report",
    )
    return found[-1]


def pools_in(status):
    return [
        (worker["process_id"], [pool for pool in worker["pools"] if pool["connections"]])
        for worker in status["workers"]
    ]


def test_a_killed_worker_disappears_and_its_file_too(service, as_role):
    victim = max(workers_in(ask_all(service, as_role)))
    booted = len(booted_workers(service))
    os.kill(victim, signal.SIGKILL)
    until(lambda: len(booted_workers(service)) > booted, "a new worker starts")

    assert victim not in workers_in(ask_all(service, as_role))
    assert f"status-{victim}.json" not in files_of(service)


def test_nothing_is_written_and_no_statement_is_sent_while_nobody_watches(service, as_role, server):
    ask_all(service, as_role)
    until(lambda: seconds_since_the_last_report(service) > QUIET_SECONDS, "the reports end")
    before = files_of(service)

    def requests_without_database():
        deadline = time.monotonic() + QUIET_SECONDS
        while time.monotonic() < deadline:
            service.burst("/livez", threads=4, each=2)
            time.sleep(0.1)

    assert statements(server, requests_without_database) == 0
    assert files_of(service) == before


def seconds_since_the_last_report(service):
    written = [ns for name, ns in files_of(service).items() if name.endswith(".json")]
    return time.time() - max(written) / 1e9
