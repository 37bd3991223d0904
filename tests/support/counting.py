"""What the server says it was asked to do."""

import time
from collections import Counter
from contextlib import contextmanager

from tests.support.database import query

LOOK_AT_STATEMENTS = "SHOW GLOBAL STATUS LIKE 'Questions'"
LOOK_AT_ROWS = "SHOW GLOBAL STATUS LIKE 'Handler_read%'"


@contextmanager
def statements(server):
    """Count the statements that the server is sent in the block: `total`."""
    with _counting(server, LOOK_AT_STATEMENTS) as counted:
        yield counted


@contextmanager
def rows_read(server):
    """Count how often the server's tables are asked for a row in the block: `total`."""
    with _counting(server, LOOK_AT_ROWS) as counted:
        yield counted


@contextmanager
def _counting(server, sql):
    with server.connect() as watcher:
        look = lambda: sum(int(value) for _, value in query(watcher, sql))  # noqa: E731
        before, cost_of_looking = _when_quiet(look)
        counted = Counter()
        yield counted
        counted["total"] = look() - before - cost_of_looking


def _when_quiet(look):
    """Look once the goodbyes of connections that others have just closed are counted, too."""
    looks = [look(), look()]
    while True:
        time.sleep(0.02)
        looks = [*looks, look()][-3:]
        costs = {looks[-1] - looks[-2], looks[1] - looks[0]}
        if len(looks) == 3 and len(costs) == 1:
            return looks[-1], costs.pop()
