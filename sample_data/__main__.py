"""`python -m sample_data`: fill the database at DATABASE_URL with sample data.

    alembic upgrade head
    python -m sample_data

The passwords of the three users are printed once, to stdout; all other output goes to stderr.
"""

import argparse
import sys
from contextlib import closing

import pymysql
from tqdm import tqdm

from app.db.connector import Connector
from app.settings import BadSettings, load_settings
from sample_data.load import DatabaseNotEmpty, Progress, Seeded, empty, seed

NO_SUCH_TABLE = 1146
# A statement of a million bytes, or the COMMIT, can take long on a slow disk.
STATEMENT_SECONDS = 3600


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(
        prog="python -m sample_data",
        description="Fill an empty, migrated database (DATABASE_URL) with sample data: real"
        " cities, fictitious people, courses and results. Either all of it is stored, or nothing.",
        epilog="Prints a random password for each of the users admin, staff and student.",
    )
    result.add_argument(
        "--students", type=_count, default=600, metavar="N",
        help="number of students; enrollments (about 2.1 each) and attempts (about 27 each) grow"
        " with it, everything else does not (default: %(default)s)",
    )  # fmt: skip
    result.add_argument(
        "--seed", type=int, default=1, metavar="N",
        help="the same seed gives the same data, except for passwords (default: %(default)s)",
    )  # fmt: skip
    result.add_argument(
        "--replace", action="store_true",
        help="first DELETE ALL ROWS in the database, including users and tokens",
    )  # fmt: skip
    result.add_argument("--quiet", action="store_true", help="do not show the progress")
    return result


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = parser().parse_args(arguments)
    try:
        # --replace uses TRUNCATE TABLE, which requires the DROP privilege
        settings = (
            load_settings()
            .for_migrations()
            .model_copy(
                update={"db_driver": "pymysql", "db_read_timeout_seconds": STATEMENT_SECONDS}
            )
        )
        with closing(Connector(settings.database_config())()) as connection:
            if options.replace:
                empty(connection)
            progress = None if options.quiet else progress_for(options.students)
            seeded = seed(
                connection, students=options.students, seed=options.seed, progress=progress
            )
    except (BadSettings, DatabaseNotEmpty, pymysql.MySQLError) as error:
        print(f"sample_data: {message_of(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("sample_data: interrupted; nothing was stored", file=sys.stderr)
        return 130
    report(seeded)
    return 0


def progress_for(students: int) -> Progress:
    """Return a progress bar on a terminal, or else a function that prints a line every 10%."""
    if sys.stderr.isatty():
        bar = tqdm(total=students, unit=" students", leave=False)

        def show(done: int, total: int) -> None:
            bar.update(done - bar.n)
            if done == total:
                bar.close()

        return show

    printed_tenths = 0

    def print_line(done: int, total: int) -> None:
        nonlocal printed_tenths
        if done * 10 // total > printed_tenths:
            printed_tenths = done * 10 // total
            print(f"{done:,} of {total:,} students", file=sys.stderr, flush=True)

    return print_line


def report(seeded: Seeded) -> None:
    """Print the number of rows and the users."""
    counts = ", ".join(f"{table} {rows:,}" for table, rows in seeded.rows.items())
    print(f"stored: {counts}", file=sys.stderr)
    print(f"{'user':<10}{'role':<10}password")
    for login in seeded.logins:
        print(f"{login.user_name:<10}{login.role:<10}{login.password}")


def message_of(error: Exception) -> str:
    """Return a message of one line, with the remedy if there is one."""
    if isinstance(error, pymysql.MySQLError) and error.args:
        code, *rest = error.args
        if code == NO_SUCH_TABLE:
            return "the database has no schema yet; run: alembic upgrade head"
        return f"{' '.join(map(str, rest))} ({code}); nothing was stored"
    return str(error)


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 10_000_000:
        raise argparse.ArgumentTypeError("must be a number from 0 to 10000000")
    return number


if __name__ == "__main__":
    sys.exit(main())
