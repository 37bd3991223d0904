"""Random numbers, which depend on the seed only.

Every object uses its own generator, so that student 17 is the same person with the same results
regardless of the number of students.
"""

from datetime import datetime
from random import Random

# The current time of the sample data. Fixed, so that the rows do not depend on the day.
REFERENCE = datetime(2026, 6, 30, 4, 45, 25)


def generator(seed: int, *of: str | int) -> Random:
    """Return the random number generator of one object: `generator(1, "student", 17)`."""
    return Random(":".join(map(str, (seed, *of))))  # noqa: S311 - sample data, not for secrets
