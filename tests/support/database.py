"""Settings and a `Database` for tests, and queries on its table of words."""

import os
import sys
import time
from contextlib import contextmanager, suppress

import pymysql

from app.db.url import DatabaseUrl
from app.settings import Settings, open_database
from tests.support.service import SECRET, UNLIMITED


def settings_for(url, **values):
    """Return settings with these values; neither the environment nor .env is read."""
    limits = {name.lower(): value for name, value in UNLIMITED.items()}
    given = {"database_url": url, "secret_key": SECRET, **limits, **values}
    return Settings.model_validate(given)


@contextmanager
def opened(url, **values):
    """Yield a `Database` with these settings; it is closed at the end."""
    database = open_database(settings_for(url, **values))
    try:
        yield database
    finally:
        database.end_request()
        database.close()


def add(tx, word):
    tx.execute("INSERT INTO word (word) VALUES (%s)", (word,))


def words(root):
    return [word for (word,) in query(root, "SELECT word FROM word ORDER BY word_id")]


def connection_id(reader):
    return reader.fetch_one("SELECT CONNECTION_ID() AS id")["id"]


def query(root, sql, params=None):
    with root.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def connections_of(root, url):
    """Return the ids of all connections to this database except root's own."""
    rows = query(
        root,
        "SELECT id FROM information_schema.processlist WHERE db = %s AND id <> CONNECTION_ID()",
        (DatabaseUrl.parse(url).name,),
    )
    return {row[0] for row in rows}


def kill_all(root, url):
    """Kill all connections to this database and wait until they have ended.

    One may have been closed before, and new ones may be opened meanwhile.
    """
    victims = connections_of(root, url)
    for victim in victims:
        with suppress(pymysql.err.OperationalError):
            query(root, f"KILL {victim}")
    wait_until_closed(victims, root, url)


def wait_until_closed(victims, root, url, seconds=20):
    """Wait until none of these connections is left; KILL and `wait_timeout` take effect later."""
    deadline = time.monotonic() + seconds
    while left := victims & connections_of(root, url):
        assert time.monotonic() < deadline, f"connections {left} are still open"
        time.sleep(0.02)


def in_child(work):
    """Run `work` in a forked child; returns its result as text."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover
        try:
            os.write(writing, str(work()).encode())
        except BaseException as error:
            os.write(writing, f"failed: {error!r}".encode())
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        result = pipe.read()
    os.waitpid(child, 0)
    return result
