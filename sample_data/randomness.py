"""Where chance comes from: the seed, and nothing else.

Each thing draws from a stream of its own, so that student 17 is the same person with the
same results whether 600 or 100,000 students are made.
"""

from datetime import datetime
from random import Random

# "Today", to the sample data. It never moves, or yesterday's rows would differ from today's.
REFERENCE = datetime(2026, 6, 30, 4, 45, 25)


def stream(seed: int, *of: str | int) -> Random:
    """Give the random numbers of one thing: `stream(1, "student", 17)`."""
    return Random(":".join(map(str, (seed, *of))))  # noqa: S311 - sample data, no secrets
