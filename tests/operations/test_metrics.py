"""`/metrics`: right with several workers, and through the death of any of them."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from flask import send_file
from flask import stream_with_context as with_context
from prometheus_client.parser import text_string_to_metric_families

from app import create_app
from tests.deployment.servers import booted_workers, until
from tests.support.database import connections_of, query, settings_for
from tests.support.service import serving

LOOKUP = "/?city=London"
WORKERS = 2
DURATION = "http_request_duration_seconds_count"
WAITING = """
    SELECT COUNT(*) FROM information_schema.processlist
    WHERE db = DATABASE() AND state LIKE 'Waiting for table%'
"""


@pytest.fixture
def service(migrated):
    with serving(migrated, WEB_CONCURRENCY=WORKERS, THREADS=4) as running:
        until(lambda: len(booted_workers(running)) == WORKERS, "the workers start")
        yield running


def scrape(client):
    """Every sample: name and labels to value."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def total(samples, name, **labels):
    """The sum over all samples of this name that have these labels."""
    wanted = set(labels.items())
    return sum(value for (found, its), value in samples.items() if found == name and wanted <= its)


def test_the_requests_of_all_workers_are_added_up_whoever_is_asked(service):
    service.burst(LOOKUP, threads=8, each=5)

    counts = {
        total(scrape(service), DURATION, method="GET", route="/", status="200") for _ in range(8)
    }

    assert counts == {40}


def test_a_worker_that_dies_takes_no_count_with_it(service):
    service.burst(LOOKUP, threads=8, each=2)
    before = scrape(service)

    os.kill(booted_workers(service)[0], signal.SIGKILL)
    until(lambda: len(booted_workers(service)) > WORKERS, "a new worker starts")
    service.burst(LOOKUP, threads=8, each=1)

    after = scrape(service)
    assert total(after, DURATION, route="/") == 16 + 8
    for (name, labels), value in before.items():
        if not name.startswith(("http_requests_in_flight", "database_connections")):
            assert after[name, labels] >= value


def test_a_reload_keeps_the_counts(service):
    service.burst(LOOKUP, threads=4, each=2)

    service.process.send_signal(signal.SIGHUP)
    until(lambda: len(booted_workers(service)) == 2 * WORKERS, "the new workers start")
    service.client.close()
    with serving_client(service) as client:
        service.client = client

        assert total(scrape(service), DURATION, route="/") == 8


def serving_client(service):
    """A client whose connections are none of an old worker's."""
    return type(service.client)(base_url=service.client.base_url, timeout=60, trust_env=False)


def test_a_killed_worker_s_requests_are_no_longer_in_flight(service, server, migrated):
    with (
        closing(server.connect(migrated)) as locker,
        closing(server.connect(migrated)) as observer,
        ThreadPoolExecutor(3) as pool,
    ):
        query(locker, "LOCK TABLES city WRITE")
        held = [pool.submit(service.get, LOOKUP) for _ in range(3)]
        until(lambda: query(observer, WAITING) == ((3,),), "all requests wait")
        busy = total(scrape(service), "http_requests_in_flight")
        for pid in booted_workers(service):
            os.kill(pid, signal.SIGKILL)
        until(lambda: len(booted_workers(service)) == 2 * WORKERS, "new workers start")
        query(locker, "UNLOCK TABLES")
        assert all(request.exception() for request in held)

    assert busy == 3 + 1  # the scrape itself
    until(lambda: total(scrape(service), "http_requests_in_flight") == 1, "all are forgotten")


def test_lost_connections_are_counted_by_cause(migrated, server):
    with serving(migrated, WEB_CONCURRENCY=1) as service, closing(server.connect()) as dba:
        service.get(LOOKUP)
        for victim in connections_of(dba, migrated):
            query(dba, f"KILL {victim}")
        until(lambda: not connections_of(dba, migrated), "the server has closed it")
        service.get(LOOKUP)
        samples = scrape(service)

    causes = {
        dict(labels)["cause"]: value
        for (name, labels), value in samples.items()
        if name == "database_connections_closed_total"
    }
    assert sum(causes.values()) == 1
    assert set(causes) <= {"fin", "reset", "farewell"}
    assert total(samples, "database_connection_events_total", event="opened") == 2


def test_the_figures_of_an_earlier_run_are_forgotten_and_a_given_folder_is_used(migrated, tmp_path):
    folder = tmp_path / "figures"
    for _ in range(2):
        with serving(migrated, PROMETHEUS_MULTIPROC_DIR=folder) as service:
            service.get(LOOKUP)

            assert total(scrape(service), DURATION, route="/") == 1
        assert list(folder.glob("*.db"))


def test_a_folder_of_its_own_goes_with_the_service(migrated):
    with serving(migrated, WEB_CONCURRENCY=1) as service:
        assert service.get("/metrics").status_code == 200
        (pid,) = booted_workers(service)
        (file,) = Path("/dev/shm").glob(f"gunicorn-metrics-*/histogram_{pid}.db")
        folder = file.parent
        assert folder.stat().st_mode & 0o077 == 0

        service.process.send_signal(signal.SIGTERM)
        service.process.wait(60)

    assert not folder.exists()


@pytest.fixture
def client(migrated):
    """An application that nobody else has asked anything, in this process."""
    app = create_app(settings_for(migrated))
    yield app.test_client()
    app.extensions["database"].close()


def test_one_process_tells_of_itself(client):
    client.get(LOOKUP)
    client.get("/v1/students")

    samples = scrape(client)
    assert total(samples, DURATION, route="/", status="200") == 1
    assert total(samples, DURATION, route="/v1/students", status="401") == 1
    assert total(samples, "database_statements_total", method="GET", route="/") == 1


def test_what_anybody_can_make_up_makes_no_label(client):
    for number in range(20):
        client.get(f"/made-up/{number}")
        client.open("/", method=f"VERB{number}")

    labels = [dict(labels) for _, labels in scrape(client)]
    assert {its["route"] for its in labels if "route" in its} == {"none"}
    assert {its["method"] for its in labels if "method" in its} == {"GET", "other"}


def test_a_duration_falls_into_its_bucket(client):
    client.application.add_url_rule("/slow", view_func=lambda: time.sleep(0.06) or "done")
    client.get("/slow")

    samples = scrape(client)
    bucket = "http_request_duration_seconds_bucket"
    assert total(samples, bucket, route="/slow", le="0.05") == 0
    assert total(samples, bucket, route="/slow", le="10.0") == 1


@pytest.mark.parametrize("context", [with_context, iter])
def test_a_streamed_answer_is_in_flight_until_its_end(context, client):
    app, seen = client.application, []

    def stream():
        yield "begun"
        yield "ended"

    app.add_url_rule("/stream", view_func=lambda: app.response_class(context(stream())))
    with client.get("/stream") as answer:
        seen.append(total(scrape(client), "http_requests_in_flight"))
        assert answer.text == "begunended"
    seen.append(total(scrape(client), "http_requests_in_flight"))

    assert seen == [2, 1]
    assert total(scrape(client), DURATION, route="/stream") == 1


def test_a_file_that_is_sent_is_counted_once(client, tmp_path):
    tmp_path.joinpath("file").write_text("content")
    client.application.add_url_rule("/file", view_func=lambda: send_file(tmp_path / "file"))

    with client.get("/file") as answer:
        assert answer.text == "content"

    assert total(scrape(client), DURATION, route="/file") == 1
    assert total(scrape(client), "http_requests_in_flight") == 1


def test_openmetrics_is_spoken_to_whoever_asks_for_it(client):
    answer = client.get(
        "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"}
    )

    assert answer.content_type.startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
