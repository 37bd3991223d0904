"""A download is long: it holds no connection meanwhile, and what breaks off does not look whole."""

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
def in_all(three_thousand, dba):
    """How many students there are."""
    ((count,),) = query(dba, "SELECT COUNT(*) FROM student")
    return count


def connections(server, url):
    with closing(server.connect()) as dba:
        return connections_of(dba, url)


@pytest.mark.parametrize("strategy", RELIABLE_STRATEGIES)
def test_others_use_the_only_connection_between_two_pages(strategy, migrated, headers, in_all):
    app = create_app(
        settings_for(migrated, db_strategy=strategy, db_pool_size=1, db_pool_timeout_seconds=1)
    )
    as_json = {**headers, "Accept": "*/*"}
    with ThreadPoolExecutor(1) as another_thread:
        download = app.test_client().get(URL, headers=headers)
        chunks = iter(download.iter_encoded())
        begun = next(chunks) + next(chunks)  # the first page was read before the answer began
        read = another_thread.submit(app.test_client().get, "/v1/students/1", headers=as_json)
        status = read.result().status_code
        others = b"".join(chunks)

        assert status == 200
        assert begun.count(b"\n") == 2000
        assert (begun + others).count(b"\n") == in_all
        download.close()
    app.extensions["database"].close()


@pytest.mark.parametrize("strategy", ["per_request", "sqlalchemy_session"])
def test_a_client_that_goes_away_leaves_no_connection_behind(
    strategy, migrated, headers, in_all, server
):
    app = create_app(settings_for(migrated, db_strategy=strategy))
    before = connections(server, migrated)

    download = app.test_client().get(URL, headers=headers)
    next(download.iter_encoded())
    download.close()
    app.extensions["database"].close()

    assert settles(lambda: connections(server, migrated) <= before)


def test_a_connection_killed_between_two_pages_is_not_noticed(
    client, headers, in_all, migrated, server
):
    download = client.get(URL, headers=headers)
    chunks = iter(download.iter_encoded())
    first = next(chunks)
    with closing(server.connect()) as killer:
        victims = query(killer, SERVICE_CONNECTIONS)
        for (victim,) in victims:
            query(killer, f"KILL {victim}")

    assert victims
    assert (first + b"".join(chunks)).count(b"\n") == in_all


def test_a_database_that_fails_in_the_middle_breaks_the_download_off(
    headers, in_all, migrated, server
):
    with (
        Relay(server.port) as relay,
        serving(through(relay, migrated), WEB_CONCURRENCY=1, THREADS=2) as service,
    ):
        relay.cut_response_to = b"student.student_id >="  # of every page but the first
        with (
            service.client.stream("GET", URL, headers=headers) as download,
            pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"),
        ):
            assert download.status_code == 200
            for _ in download.iter_lines():
                pass

        relay.cut_response_to = None
        whole = service.get(URL, headers=headers)
        assert len(whole.text.splitlines()) == in_all


def test_a_database_that_fails_before_the_first_page_is_a_problem(
    headers, in_all, migrated, server
):
    with Relay(server.port) as relay:
        app = create_app(settings_for(through(relay, migrated)))
        relay.cut_response_to = b"FROM student"

        answer = app.test_client().get(URL, headers=headers)

        assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
        app.extensions["database"].close()
