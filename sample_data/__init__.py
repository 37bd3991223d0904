"""Sample data for an empty, migrated database: believable, and the same for the same seed.

    from sample_data import seed

    seeded = seed(connection, students=600, seed=1)

`python -m sample_data` is the same as a command. Tests, benchmarks and demonstrations
use it; the service never imports it.
"""

from sample_data.load import DatabaseNotEmpty, Login, Seeded, empty, seed

__all__ = ["DatabaseNotEmpty", "Login", "Seeded", "empty", "seed"]
