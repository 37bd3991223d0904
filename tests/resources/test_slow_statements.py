"""Requests whose statement exceeds the read timeout, through HTTP."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from app import create_app
from tests.db.test_statement_timeouts import running, watched
from tests.support.database import query, settings_for
from tests.support.server import start_server

POOL_SIZE = 2
REQUESTS = 3
SEARCH = "%FROM city WHERE%"


@pytest.fixture(scope="module")
def slow_city():
    """A server with the sample data, where each search by city takes a minute, and its URL."""
    with start_server() as server:
        url = server.create_sample_database()
        with closing(server.connect(url)) as root:
            query(root, "RENAME TABLE city TO fast_city")
            query(
                root,
                "CREATE VIEW city AS SELECT fast_city.* FROM fast_city"
                " JOIN (SELECT SLEEP(60) AS seconds) AS slow",
            )
        yield server, url


@pytest.mark.parametrize("driver", ["pymysql", "mysqlclient"])
def test_requests_that_time_out_leave_no_statement_at_the_server(driver, slow_city):
    server, url = slow_city
    application = create_app(
        settings_for(url, db_driver=driver, db_read_timeout_seconds=1, db_pool_size=POOL_SIZE)
    )

    def search(_):
        return application.test_client().get("/?city=London")

    with watched(server, SEARCH) as counts, ThreadPoolExecutor(REQUESTS) as threads:
        responses = list(threads.map(search, range(REQUESTS)))

    with closing(server.connect()) as root:
        assert running(root, SEARCH) == 0
    application.extensions["database"].close()
    problems = [
        (response.status_code, response.json["type"].rpartition(":")[2]) for response in responses
    ]
    assert problems == [(503, "statement-timeout")] * REQUESTS
    assert max(counts) == POOL_SIZE
