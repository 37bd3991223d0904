"""What the server says it was asked to do."""

from collections import Counter
from contextlib import contextmanager

from tests.support.database import query

LOOK = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Com_insert')"
LOOK_AT_ROWS = "SHOW GLOBAL STATUS LIKE 'Handler_read%'"


@contextmanager
def statements(server):
    """Count the statements that the server is sent in the block: `Questions`, `Com_insert`."""
    with server.connect() as watcher:
        counted = Counter()
        before = _look(watcher, LOOK)
        yield counted
        counted.update(_look(watcher, LOOK) - before)
        counted["Questions"] -= 1  # the look itself


@contextmanager
def rows_read(server):
    """Count how often the server's tables are asked for a row in the block: `total`."""
    with server.connect() as watcher:
        counted = Counter()
        before = _look(watcher, LOOK_AT_ROWS)
        cost_of_looking = (_look(watcher, LOOK_AT_ROWS) - before).total()
        before = _look(watcher, LOOK_AT_ROWS)
        yield counted
        counted["total"] = (_look(watcher, LOOK_AT_ROWS) - before).total() - cost_of_looking


def _look(watcher, sql):
    return Counter({name: int(value) for name, value in query(watcher, sql)})
