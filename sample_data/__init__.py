"""Sample data for an empty, migrated database: realistic, and identical for the same seed.

    from sample_data import seed

    seeded = seed(connection, students=600, seed=1)

`python -m sample_data` does the same from the command line. Tests, benchmarks and demonstrations
use this package; the service does not import it.
"""

from sample_data.load import DatabaseNotEmpty, Login, Seeded, empty, seed

__all__ = ["DatabaseNotEmpty", "Login", "Seeded", "empty", "seed"]
