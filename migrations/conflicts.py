"""Retries statements that conflict with the writes of others.

A DDL statement waits until no transaction uses its table, while transactions that began later wait
for it; if one of these has locked rows that an earlier one needs, neither can go on until one of
them times out.
"""

import logging
from collections.abc import Callable

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

# Lock timeout, deadlock.
RETRIED = {1205, 1213}
TRIES = 20

log = logging.getLogger("migrations")


def retry(connection: Connection, statements: Callable[[], None]) -> None:
    """Call a function, again after a conflict with a concurrent write; at most 20 times."""
    for remaining in reversed(range(TRIES)):
        try:
            statements()
        except OperationalError as error:
            connection.rollback()
            if remaining == 0 or error.orig is None or error.orig.args[0] not in RETRIED:
                raise
            log.info("conflict with another transaction (%s), trying again", error.orig.args[0])
        else:
            return
