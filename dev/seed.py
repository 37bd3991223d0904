"""Create sample data: python -m dev.seed [--students N] [--seed N] [--replace].

If DATABASE_URL is set, this runs `python -m sample_data`. Otherwise it uses the private server of
`make serve` and stores the sample users for its next start.
"""

import sys

import pymysql

from dev.environment import is_set, migrate, private_environment, with_secret_key
from dev.sample import create_sample
from dev.system_packages import Stop, say
from dev.with_database import run
from sample_data import DatabaseNotEmpty
from sample_data.__main__ import message_of, parser


def main(arguments: list[str]) -> int:
    """Create the data; on failure, print one line and return 1."""
    if is_set("DATABASE_URL"):
        return run([sys.executable, "-m", "sample_data", *arguments], with_secret_key())
    options = parser().parse_args(arguments)
    try:
        with private_environment() as environment:
            migrate(environment)
            url = environment["MIGRATION_DATABASE_URL"]
            create_sample(
                url, students=options.students, seed=options.seed, replace=options.replace
            )
    except (DatabaseNotEmpty, pymysql.MySQLError) as error:
        say(f"seed: {message_of(error).replace('--replace', 'make seed REPLACE=1')}")
    except Stop as stop:
        say(f"seed: {stop}")
    except KeyboardInterrupt:
        say("seed: interrupted; nothing was stored")
        return 130
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
