"""What the server says it was asked to do; every test that counts, counts here."""

import time

from tests.support.database import query

BETWEEN_LOOKS_SECONDS = 0.02


def statements(server, work):
    """How many statements the server is sent while `work` runs."""
    return changes(server, work, "Questions")["Questions"]


def rows_read(server, work):
    """How often the server's tables are asked for a row while `work` runs."""
    return sum(changes(server, work, "Handler_read%").values())


def changes(server, work, *names):
    """By how much the server's counters of these names, or patterns, change while `work` runs."""
    watch = _Watch(server, names)
    before = watch.when_quiet()
    work()
    after = watch.when_quiet()
    return {name: after[name] - before[name] for name in after}


class _Watch:
    """Looks at counters, by a connection that stays, and leaves out what its looks cost."""

    def __init__(self, server, names):
        self._connection = server.watcher
        self._sql = "SHOW GLOBAL STATUS WHERE " + " OR ".join(
            ["Variable_name LIKE %s"] * len(names)
        )
        self._names = names
        self._looks = 0

    def when_quiet(self):
        """The counters, once others are done: a server may notice late who has hung up."""
        looks = []
        while True:
            looks = [*looks, self._look()][-3:]
            if len(looks) == 3 and (cost := _less(looks[2], looks[1])) == _less(looks[1], looks[0]):
                return {name: looks[2][name] - cost[name] * self._looks for name in cost}
            time.sleep(BETWEEN_LOOKS_SECONDS)

    def _look(self):
        self._looks += 1
        return {name: int(value) for name, value in query(self._connection, self._sql, self._names)}


def _less(figures, others):
    return {name: figures[name] - others[name] for name in figures}
