"""An export does not hold a connection between pages, and a failed one ends incomplete."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest

from app import create_app
from tests.db.conftest import RELIABLE_STRATEGIES
from tests.db.relay import Relay, through
from tests.db.test_concurrency import settles
from tests.resources.students.test_export import NDJSON, URL
from tests.support.database import connections_of, query, settings_for
from tests.support.service import serving

SERVICE_CONNECTIONS = "SELECT id FROM information_schema.processlist WHERE user = 'service'"


@pytest.fixture
def headers(as_role):
    return {**as_role("admin"), **NDJSON}


@pytest.fixture
def student_count(many_students, dba):
    """The number of students."""
    ((count,),) = query(dba, "SELECT COUNT(*) FROM student")
    return count


def connections(server, url):
    with closing(server.connect()) as dba:
        return connections_of(dba, url)


@pytest.mark.parametrize("strategy", RELIABLE_STRATEGIES)
def test_other_requests_can_use_the_only_connection_between_two_pages(
    strategy, migrated, headers, student_count
):
    app = create_app(
        settings_for(migrated, db_strategy=strategy, db_pool_size=1, db_pool_timeout_seconds=1)
    )
    as_json = {**headers, "Accept": "*/*"}
    with ThreadPoolExecutor(1) as another_thread:
        download = app.test_client().get(URL, headers=headers)
        chunks = iter(download.iter_encoded())
        beginning = next(chunks) + next(chunks)  # the first page was read beforehand
        read = another_thread.submit(app.test_client().get, "/v1/students/1", headers=as_json)
        status = read.result().status_code
        rest = b"".join(chunks)

        assert status == 200
        assert beginning.count(b"\n") == 2000
        assert (beginning + rest).count(b"\n") == student_count
        download.close()
    app.extensions["database"].close()


@pytest.mark.parametrize("strategy", ["per_request", "sqlalchemy_session"])
def test_an_aborted_download_returns_its_connection(
    strategy, migrated, headers, student_count, server
):
    app = create_app(settings_for(migrated, db_strategy=strategy))
    before = connections(server, migrated)

    download = app.test_client().get(URL, headers=headers)
    next(download.iter_encoded())
    download.close()
    app.extensions["database"].close()

    assert settles(lambda: connections(server, migrated) <= before)


def test_a_connection_killed_between_two_pages_does_not_affect_the_download(
    client, headers, student_count, migrated, server
):
    download = client.get(URL, headers=headers)
    chunks = iter(download.iter_encoded())
    first = next(chunks)
    with closing(server.connect()) as killer:
        victims = query(killer, SERVICE_CONNECTIONS)
        for (victim,) in victims:
            query(killer, f"KILL {victim}")

    assert victims
    assert (first + b"".join(chunks)).count(b"\n") == student_count


def test_a_database_failure_during_the_download_ends_it_incomplete(
    headers, student_count, migrated, server
):
    with (
        Relay(server.port) as relay,
        serving(through(relay, migrated), WEB_CONCURRENCY=1, THREADS=2) as service,
    ):
        relay.cut_response_to = b"student.student_id >="  # every page except the first
        with (
            service.client.stream("GET", URL, headers=headers) as download,
            pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"),
        ):
            assert download.status_code == 200
            for _ in download.iter_lines():
                pass

        relay.cut_response_to = None
        complete = service.get(URL, headers=headers)
        assert len(complete.text.splitlines()) == student_count


def test_a_database_failure_during_the_download_is_503_under_granian(
    headers, student_count, migrated, server
):
    """granian would end the body like a complete one, so the service sends only complete ones."""
    with (
        Relay(server.port) as relay,
        serving(through(relay, migrated), "granian", WEB_CONCURRENCY=1, THREADS=2) as service,
    ):
        relay.cut_response_to = b"student.student_id >="  # every page except the first
        failed = service.get(URL, headers=headers)
        relay.cut_response_to = None
        complete = service.get(URL, headers=headers)

    assert failed.status_code == 503
    assert failed.headers["Content-Type"] == "application/problem+json"
    assert len(complete.text.splitlines()) == student_count
    assert len(complete.content) == int(complete.headers["Content-Length"])


def test_a_database_failure_before_the_first_page_is_503(headers, student_count, migrated, server):
    with Relay(server.port) as relay:
        app = create_app(settings_for(through(relay, migrated)))
        relay.cut_response_to = b"FROM student"

        response = app.test_client().get(URL, headers=headers)

        assert (response.status_code, response.mimetype) == (503, "application/problem+json")
        app.extensions["database"].close()
