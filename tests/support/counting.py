"""Counts statements and row reads by the status counters of the server."""

import time

from tests.support.database import query

POLL_INTERVAL_SECONDS = 0.02


def statements(server, work):
    """Return how many statements are sent to the server while `work` runs."""
    return changes(server, work, "Questions")["Questions"]


def rows_read(server, work):
    """Return how many rows the server reads while `work` runs."""
    return sum(changes(server, work, "Handler_read%").values())


def changes(server, work, *names):
    """Return by how much status counters change while `work` runs; names may be LIKE patterns."""
    status = _StatusReader(server, names)
    before = status.read_when_stable()
    work()
    after = status.read_when_stable()
    return {name: after[name] - before[name] for name in after}


class _StatusReader:
    """Reads counters on a connection that stays open, and subtracts what its own queries add."""

    def __init__(self, server, names):
        self._connection = server.watcher
        self._sql = "SHOW GLOBAL STATUS WHERE " + " OR ".join(
            ["Variable_name LIKE %s"] * len(names)
        )
        self._names = names
        self._queries = 0

    def read_when_stable(self):
        """Return the counters once they are stable: the server may detect a disconnect late."""
        last = []
        while True:
            last = [*last, self._query()][-3:]
            if len(last) == 3:
                cost = _difference(last[2], last[1])
                if cost == _difference(last[1], last[0]):
                    return {name: last[2][name] - cost[name] * self._queries for name in cost}
            time.sleep(POLL_INTERVAL_SECONDS)

    def _query(self):
        self._queries += 1
        return {name: int(value) for name, value in query(self._connection, self._sql, self._names)}


def _difference(counters, others):
    return {name: counters[name] - others[name] for name in counters}
