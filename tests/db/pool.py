"""Access to the idle connections of `adaptive`, and how long a delay may be on a busy machine."""

import select
from contextlib import closing, contextmanager
from os import dup
from socket import socket

# Upper limit for delays of about one second. Generous, because other tests use the same CPUs: a
# test fails if the delay becomes the connect timeout (8 s), the read timeout (30 s) or endless.
MAX_DELAY_SECONDS = 6


def idle_entries(db):
    return db.connections.strategy._idle.entries()


def last_used(db):
    """Return the entry that is checked out next."""
    return idle_entries(db)[-1]


def idle_ids(db):
    """Return the connection ids of the idle connections."""
    return {entry.session.connection_id for entry in idle_entries(db)}


def make_idle(db, seconds):
    """Make the idle connections appear to have been idle for this long."""
    for entry in idle_entries(db):
        entry.checked_in_at -= seconds


@contextmanager
def socket_of(connection):
    """Yield a second descriptor of the connection's socket."""
    with closing(socket(fileno=dup(connection.transport.descriptor))) as raw:
        yield raw


def wait_until_readable(connection):
    """Wait for data, a FIN or an error; unlike a liveness check it does not clear the error."""
    with socket_of(connection) as raw:
        assert select.select([raw], [], [], 20)[0]
