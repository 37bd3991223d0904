"""`python -m sample_data`: fill the database that DATABASE_URL names.

    alembic upgrade head
    python -m sample_data

The passwords of the three sign-ins are printed once, on stdout; everything else that is
said goes to stderr.
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
# One statement of a million bytes, or the commit, may take a slow disk a while.
STATEMENT_SECONDS = 3600


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    it = argparse.ArgumentParser(
        prog="python -m sample_data",
        description="Fill an empty, migrated database (DATABASE_URL) with sample data: real"
        " cities, made-up people, courses and results. All of it is stored, or nothing.",
        epilog="Prints a random password for each of the sign-ins admin, staff and student.",
    )
    it.add_argument(
        "--students", type=_count, default=600, metavar="N",
        help="how many students; enrollments (about 2.1 each) and attempts (about 27 each) grow"
        " with them, the rest stays (default: %(default)s)",
    )  # fmt: skip
    it.add_argument(
        "--seed", type=int, default=1, metavar="N",
        help="the same number gives the same data, except the passwords (default: %(default)s)",
    )  # fmt: skip
    it.add_argument(
        "--replace", action="store_true",
        help="first DELETE ALL_ROWS in the database, sign-ins and tokens included",
    )  # fmt: skip
    it.add_argument("--quiet", action="store_true", help="show no progress")
    return it


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options = parser().parse_args(arguments)
    try:
        # --replace empties tables by TRUNCATE, which takes the right to DROP them
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
        print(f"sample_data: {in_words(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("sample_data: interrupted; nothing was stored", file=sys.stderr)
        return 130
    report(seeded)
    return 0


def progress_for(students: int) -> Progress:
    """A bar on a terminal; elsewhere, as in a log, a line for every tenth."""
    if sys.stderr.isatty():
        bar = tqdm(total=students, unit=" students", leave=False)

        def show(done: int, total: int) -> None:
            bar.update(done - bar.n)
            if done == total:
                bar.close()

        return show

    said = 0

    def say(done: int, total: int) -> None:
        nonlocal said
        if done * 10 // total > said:
            said = done * 10 // total
            print(f"{done:,} of {total:,} students", file=sys.stderr, flush=True)

    return say


def report(seeded: Seeded) -> None:
    """Say what is there now, and who can sign in."""
    counts = ", ".join(f"{table} {rows:,}" for table, rows in seeded.rows.items())
    print(f"stored: {counts}", file=sys.stderr)
    print(f"{'user':<10}{'role':<10}password")
    for login in seeded.logins:
        print(f"{login.user_name:<10}{login.role:<10}{login.password}")


def in_words(error: Exception) -> str:
    """One line, with the cure where there is one."""
    if isinstance(error, pymysql.MySQLError) and error.args:
        code, *rest = error.args
        if code == NO_SUCH_TABLE:
            return "the database has no schema yet; run: alembic upgrade head"
        return f"{' '.join(map(str, rest))} ({code}); nothing was stored"
    return str(error)


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 10_000_000:
        raise argparse.ArgumentTypeError("use a number from 0 to 10000000")
    return number


if __name__ == "__main__":
    sys.exit(main())
