"""Strategies of a user's own: four methods without the base class, and invalid ones."""

from threading import BoundedSemaphore


class Stack:
    """The shortest useful strategy: a bounded stack of idle connections."""

    def __init__(self, connect, config):
        self._connect = connect
        self._slots = BoundedSemaphore(config.pool_size)
        self._timeout = config.pool_timeout_seconds
        self._idle = []

    def acquire(self):
        if not self._slots.acquire(timeout=self._timeout):
            raise TimeoutError("every connection stayed in use")
        try:
            return self._idle.pop() if self._idle else self._connect()
        except BaseException:
            self._slots.release()
            raise

    def release(self, connection):
        self._idle.append(connection)
        self._slots.release()

    def discard(self, connection):
        connection.abort()
        self._slots.release()

    def close(self):
        while self._idle:
            self._idle.pop().close()


class NoStrategy:
    """Lacks three of the four methods."""

    def acquire(self):
        return None


class Unbuildable(Stack):
    """Cannot be constructed."""

    def __init__(self, connect, config):
        _ = 1 / 0
