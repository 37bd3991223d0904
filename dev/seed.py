"""Make sample data: python -m dev.seed [--students N] [--seed N] [--replace].

On DATABASE_URL where it is given, by `python -m sample_data`; else on the private server of
`make serve`, whose users are then written down for its next start.
"""

import sys

import pymysql

from dev.environment import given, migrate, private_environment, with_secret_key
from dev.sample import make_sample
from dev.system_packages import Stop, say
from dev.with_database import run
from sample_data import DatabaseNotEmpty
from sample_data.__main__ import message_of, parser


def main(arguments: list[str]) -> int:
    """Make the data; 1 after one line that says why not."""
    if given("DATABASE_URL"):
        return run([sys.executable, "-m", "sample_data", *arguments], with_secret_key())
    asked = parser().parse_args(arguments)
    try:
        with private_environment() as environment:
            migrate(environment)
            url = environment["MIGRATION_DATABASE_URL"]
            make_sample(url, students=asked.students, seed=asked.seed, replace=asked.replace)
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
