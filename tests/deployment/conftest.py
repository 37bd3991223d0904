"""Requests that wait for a table lock until the test releases it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

from tests.deployment.servers import lookup, until
from tests.support.database import query

WAITING = """
    SELECT COUNT(*) FROM information_schema.processlist
    WHERE db = DATABASE() AND state LIKE 'Waiting for table%'
"""


@pytest.fixture
def held(server, migrated):
    """`with held(service, requests=3) as statuses`: requests that complete at the end."""

    @contextmanager
    def hold(service, requests):
        with (
            closing(server.connect(migrated)) as locker,
            closing(server.connect(migrated)) as observer,
            ThreadPoolExecutor(requests) as pool,
        ):
            query(locker, "LOCK TABLES city WRITE")
            try:
                statuses = [pool.submit(lookup, service) for _ in range(requests)]
                until(lambda: query(observer, WAITING) == ((requests,),), "all requests wait")
                yield statuses
            finally:
                query(locker, "UNLOCK TABLES")

    return hold
