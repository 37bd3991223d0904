"""Sends the messages of all attacks from several threads and records the responses."""

import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from random import Random

from tests.attack.exchange import exchange
from tests.attack.requests import ATTACKS

SENDERS = 8
KEPT_FAILURES = 1000  # of each attack


class Tally:
    """The number of requests and responses by attack and status, and the cause of each 500."""

    def __init__(self):
        self.sent = Counter()
        self.statuses = Counter()
        self.failures = defaultdict(list)
        self.slowest = (0.0, "", b"")
        self._lock = threading.Lock()

    def add(self, attack, message, statuses, seconds):
        with self._lock:
            self.sent[attack] += 1
            self.statuses.update(statuses)
            self.slowest = max(self.slowest, (seconds, attack, message.data[:200]))
            if "500" in statuses and len(self.failures[attack]) < KEPT_FAILURES:
                self.failures[attack].append(message.data)

    @property
    def server_errors(self):
        """The number of responses with status 500."""
        return self.statuses["500"]


def messages(target, seed):
    """Yield (attack, message) endlessly; the same seed yields the same sequence."""
    random = Random(seed)
    sources = {
        name: attack.messages(target, Random(f"{seed} {name}")) for name, attack in ATTACKS.items()
    }
    names, weights = list(ATTACKS), [attack.WEIGHT for attack in ATTACKS.values()]
    yield from ((name, next(source)) for name, source in sources.items())  # at least one of each
    while True:
        (name,) = random.choices(names, weights)
        yield name, next(sources[name])


def flood(target, *, requests, seed, seconds, tally):
    """Send this number of messages, or fewer if the time is over."""
    pending = islice(messages(target, seed), requests)
    lock = threading.Lock()
    ends_at = time.monotonic() + seconds

    def send():
        while time.monotonic() < ends_at:
            with lock:
                attack, message = next(pending, (None, None))
            if attack is None:
                return
            started = time.monotonic()
            statuses = exchange(target.port, message)
            tally.add(attack, message, statuses, time.monotonic() - started)

    with ThreadPoolExecutor(SENDERS) as pool:
        for done in [pool.submit(send) for _ in range(SENDERS)]:
            done.result()
