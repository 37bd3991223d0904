"""What the clients were told, compared with what every server of the cluster holds."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

# `attempt` has no text column; the date is the number of the attempt.
FIRST_DATE = datetime(1980, 1, 1, tzinfo=UTC).replace(tzinfo=None)
DISCREPANCIES = (
    "lost",  # told that it is stored, and it is not
    "denied",  # told that it is not stored, and it is
    "doubled",
    "mixed",  # a student with another student's address
    "halved",  # an address without its student, or a part of a batch
    "not mine",  # a row that no client sent
    "wrong count",  # conditional updates that overwrote another one
)


class Ledger:
    """Collects what the clients were told; `compare` reads one server."""

    def __init__(self, run):
        self.run = run  # the prefix of all names
        self._lock = threading.Lock()
        self.students = {}  # name -> told
        self.batches = {}  # name -> told, for each item
        self.attempts = {}  # number -> told
        self.updates = {}  # student -> Counter of told

    def student(self, name, told):
        with self._lock:
            self.students[name] = told

    def batch(self, name, told):
        """Record a batch; `told` has an entry for each item."""
        with self._lock:
            self.batches[name] = told
            self.students |= {f"{name}-{position}": one for position, one in enumerate(told)}

    def attempt(self, number, told):
        with self._lock:
            self.attempts[number] = told

    def update(self, student, told):
        with self._lock:
            self.updates.setdefault(student, Counter())[told] += 1

    def told(self):
        """Return how many writes were stored, not stored and unknown to their clients."""
        counts = Counter(self.students.values()) + Counter(self.attempts.values())
        return counts + sum(self.updates.values(), Counter())

    def compare(self, cursor):
        """Return the discrepancies, and how many unknown writes were stored."""
        found = Counter()
        self._compare_students(cursor, found)
        self._compare_attempts(cursor, found)
        self._compare_updates(cursor, found)
        return +found

    def _compare_students(self, cursor, found):
        cursor.execute(
            "SELECT email, address FROM student LEFT JOIN address USING (address_id) "
            "WHERE email LIKE %s",
            (f"{self.run}%",),
        )
        rows = [(email.partition("@")[0], address) for email, address in cursor.fetchall()]
        stored = Counter(name for name, _ in rows)
        found["mixed"] += sum(name != address for name, address in rows)
        found["not mine"] += len(stored.keys() - self.students.keys())
        self._judge(self.students, stored, found)
        for name, told in self.batches.items():
            if len(set(told)) == 1:
                count = sum(stored[f"{name}-{position}"] > 0 for position in range(len(told)))
                found["halved"] += 0 < count < len(told)
        cursor.execute(
            "SELECT COUNT(*) FROM address LEFT JOIN student USING (address_id) "
            "WHERE address LIKE %s AND student_id IS NULL",
            (f"{self.run}%",),
        )
        found["halved"] += cursor.fetchone()[0]

    def _compare_attempts(self, cursor, found):
        if not self.attempts:
            return
        dates = [FIRST_DATE + timedelta(seconds=number) for number in self.attempts]
        cursor.execute(
            "SELECT attempt_date, COUNT(*) FROM attempt WHERE attempt_date BETWEEN %s AND %s "
            "GROUP BY attempt_date",
            (min(dates), max(dates)),
        )
        stored = Counter(
            {int((date - FIRST_DATE).total_seconds()): count for date, count in cursor.fetchall()}
        )
        self._judge(self.attempts, stored, found)

    def _compare_updates(self, cursor, found):
        for student, told in self.updates.items():
            cursor.execute(
                "SELECT postal_code FROM student JOIN address USING (address_id) "
                "WHERE student_id = %s",
                (student,),
            )
            value = int(cursor.fetchone()[0])
            least, most = told["stored"], told["stored"] + told["unknown"]
            found["wrong count"] += not least <= value <= most

    @staticmethod
    def _judge(told, stored, found):
        for name, outcome in told.items():
            count = stored[name]
            found["lost"] += outcome == "stored" and count == 0
            found["denied"] += outcome == "not stored" and count > 0
            found["doubled"] += count > 1
            found["unknown, stored"] += outcome == "unknown" and count > 0
            found["unknown, not stored"] += outcome == "unknown" and count == 0
