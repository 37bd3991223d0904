"""Create sample data: python -m dev.seed [--students N] [--seed N] [--replace [--yes]].

If DATABASE_URL is set, this runs `python -m sample_data`, and asks before it replaces data unless
`--yes` is given. Otherwise it uses the private server of `make serve` and stores the sample users
for its next start.
"""

import os
import sys

import pymysql

from app.settings import BadSettings, load_settings
from dev.environment import is_set, migrate, private_environment, with_secret_key
from dev.sample import create_sample
from dev.system_packages import Stop, say
from dev.with_database import run
from sample_data import DatabaseNotEmpty
from sample_data.__main__ import message_of, parser


def main(arguments: list[str]) -> int:
    """Create the data; on failure, print one line and return 1."""
    yes = "--yes" in arguments
    arguments = [argument for argument in arguments if argument != "--yes"]
    options = parser().parse_args(arguments)
    if is_set("DATABASE_URL"):
        if options.replace and not yes and not confirmed():
            return 1
        return run([sys.executable, "-m", "sample_data", *arguments], with_secret_key())
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


def confirmed() -> bool:
    """Ask whether all rows at DATABASE_URL may be deleted; without a terminal they may not."""
    try:
        os.environ.update(with_secret_key())
        url = load_settings().for_migrations().database_url
    except BadSettings as error:
        say(f"seed: {error}")
        return False
    say(f"seed: this deletes ALL ROWS in the database {url.name} at {url.address}")
    if not sys.stdin.isatty():
        say("seed: nothing was deleted; confirm with: make seed REPLACE=1 YES=1")
        return False
    try:
        answer = input(f"Type the name of the database ({url.name}) to continue: ")
    except (EOFError, KeyboardInterrupt):
        answer = ""
    if answer != url.name:
        say("seed: nothing was deleted")
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
