"""Mixed requests: reads, writes, keyed writes, batches and conditional updates."""

import random
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from tests.cluster.client import NO_RESPONSE
from tests.cluster.ledger import FIRST_DATE, Ledger

THREADS = 8
PAUSE_SECONDS = 0.08  # of a client between two operations, on average
REPEAT_SECONDS = 30  # how long a client repeats a request with an Idempotency-Key
REPEAT_PAUSE_SECONDS = 0.3
UPDATED_STUDENTS = (1, 2, 3)
# Operations, each with its share.
MIX = {
    "read": 22,
    "page": 12,
    "search": 6,
    "student": 12,
    "keyed_student": 10,
    "attempt": 10,
    "keyed_attempt": 10,
    "batch": 4,
    "keyed_batch": 4,
    "update": 10,
}
READS = {"read", "page", "search", "read own write", "read for update"}
REPEATED = {NO_RESPONSE, 502, 503, 504}
MERGE_PATCH = "application/merge-patch+json"


class Load:
    """Clients that send requests until `finish`."""

    def __init__(self, client, *, seed=1, threads=THREADS, pause=PAUSE_SECONDS, mix=MIX):
        self.client = client
        self.ledger = Ledger(f"l{secrets.token_hex(4)}")
        self.missing_own_writes = 0  # a Location just received that returned 404
        self.unfinished = 0  # keyed writes that never succeeded
        self._seed, self._threads = seed, threads
        self._pause, self._mix = pause, mix
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._number = random.randrange(900_000_000)

    def prepare(self, cursor):
        """Choose the enrollment and the assessment of the attempts; reset the counters."""
        cursor.execute(
            "SELECT enrollment_id, assessment_id FROM enrollment "
            "JOIN chapter USING (course_id) JOIN assessment USING (chapter_id) LIMIT 1"
        )
        self._enrollment, self._assessment = cursor.fetchone()
        cursor.execute(
            "UPDATE address JOIN student USING (address_id) SET postal_code = '0' "
            "WHERE student_id IN %s",
            (UPDATED_STUDENTS,),
        )
        return self

    def start(self):
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="load")
        self._clients = [self._pool.submit(self._run, n) for n in range(self._threads)]
        return self

    def finish(self):
        """Stop after the operations in progress; re-raises the errors of the clients."""
        self._stop.set()
        for client in self._clients:
            client.result()
        self._pool.shutdown()

    def _run(self, number):
        chance = random.Random(self._seed * 1000 + number)
        names, weights = list(self._mix), list(self._mix.values())
        while not self._stop.is_set():
            getattr(self, chance.choices(names, weights)[0])(chance)
            self._stop.wait(chance.uniform(0, 2 * self._pause))

    def read(self, chance):
        self.client.send("read", "GET", f"/v1/students/{chance.randint(1, 600)}")

    def page(self, chance):
        path = f"/v1/students?limit=20&campus_id={chance.randint(1, 4)}&sort=last_name&embed=campus"
        self.client.send("page", "GET", path)

    def search(self, chance):
        self.client.send("search", "GET", "/v1/courses?q=bio&embed=subjects&limit=5")

    def student(self, chance):
        name = self._name()
        response = self.client.send("student", "POST", "/v1/students", student(name))
        self.ledger.student(name, response.told)
        self._read_own_write(response)

    def keyed_student(self, chance):
        name = self._name()
        response, told = self._repeat("keyed student", "/v1/students", student(name), name)
        self.ledger.student(name, told)
        self._read_own_write(response)

    def attempt(self, chance):
        number = self._next_number()
        response = self.client.send("attempt", "POST", "/v1/attempts", self._attempt(number))
        self.ledger.attempt(number, response.told)

    def keyed_attempt(self, chance):
        number = self._next_number()
        key = f"{self.ledger.run}-{number}"
        _, told = self._repeat("keyed attempt", "/v1/attempts", self._attempt(number), key)
        self.ledger.attempt(number, told)

    def batch(self, chance):
        name, items = self._batch(chance)
        response = self.client.send("batch", "POST", "/v1/students:batch", {"items": items})
        self.ledger.batch(name, told_of_items(response, response.told, len(items)))

    def keyed_batch(self, chance):
        name, items = self._batch(chance)
        response, told = self._repeat("keyed batch", "/v1/students:batch", {"items": items}, name)
        self.ledger.batch(name, told_of_items(response, told, len(items)))

    def update(self, chance):
        """Add one to a counter with If-Match: concurrent updates must not overwrite each other."""
        key = chance.choice(UPDATED_STUDENTS)
        found = self.client.send("read for update", "GET", f"/v1/students/{key}")
        if not found.is_success:
            return
        value = int(found.json["address"]["postal_code"]) + 1
        response = self.client.send(
            "update",
            "PATCH",
            f"/v1/students/{key}",
            {"address": {"postal_code": str(value)}},
            {"If-Match": found.headers["etag"], "Content-Type": MERGE_PATCH},
        )
        self.ledger.update(key, response.told)

    def _repeat(self, kind, path, body, key):
        """Send a request with a key until its outcome is known; return what the client knows."""
        deadline = time.monotonic() + REPEAT_SECONDS
        doubtful = False
        while True:
            response = self.client.send(kind, "POST", path, body, {"Idempotency-Key": key})
            doubtful = doubtful or response.told == "unknown"
            running = response.status == 409  # the first request with this key is in progress
            if response.status not in REPEATED and not running:
                return response, response.told
            if time.monotonic() > deadline:
                with self._lock:
                    self.unfinished += 1
                return response, "unknown" if doubtful or running else response.told
            time.sleep(REPEAT_PAUSE_SECONDS)

    def _read_own_write(self, response):
        if location := response.headers.get("location"):
            found = self.client.send("read own write", "GET", location)
            with self._lock:
                self.missing_own_writes += found.status == 404

    def _name(self):
        return f"{self.ledger.run}{secrets.token_hex(5)}"

    def _next_number(self):
        with self._lock:
            self._number += 1
            return self._number

    def _attempt(self, number):
        date = FIRST_DATE + timedelta(seconds=number)
        return {
            "enrollment_id": self._enrollment,
            "assessment_id": self._assessment,
            "score": "50.00",
            "attempt_date": f"{date.isoformat()}Z",
        }

    def _batch(self, chance):
        name = self._name()
        return name, [student(f"{name}-{position}") for position in range(chance.randint(3, 8))]


def student(name):
    return {
        "first_name": "Load",
        "last_name": name[-40:],
        "email": f"{name}@load.example",
        "campus_id": 1,
        "address": {"address": name, "district": "Load", "city_id": 1, "phone": "+0"},
    }


def told_of_items(response, told, count):
    """Return what the client knows of each item of a batch."""
    if not response.is_success:
        return [told] * count
    return ["stored" if item["status"] == 201 else "not stored" for item in response.json["items"]]
