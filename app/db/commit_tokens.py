"""Finds out whether a transaction was committed although the response to its COMMIT was lost.

The last statement of a retriable transaction stores a token in the table `commit_token`: it is
committed with the transaction or not at all. After a lost response the token is read with a
locking read, which waits until the lost session has ended and its outcome is final.

A row is used by one transaction at a time and then again by the next one, so the table has no more
rows than there were concurrent transactions. A row belongs to one process.

The token says what the server has stored. If the server itself loses a committed transaction
(`innodb_flush_log_at_trx_commit=2`, failover to an asynchronous replica), it is lost with it.
"""

import secrets
from dataclasses import dataclass

from .transaction import Reader, Transaction

# The table that `DatabaseConfig.commit_tokens` needs.
DDL = """
CREATE TABLE IF NOT EXISTS commit_token (
  commit_token_id BINARY(16) NOT NULL,
  transaction_number BIGINT UNSIGNED NOT NULL,
  last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (commit_token_id),
  KEY idx_last_update (last_update)
) ENGINE=InnoDB
"""

STORE = """
INSERT INTO commit_token (commit_token_id, transaction_number) VALUES (%s, %s)
ON DUPLICATE KEY UPDATE transaction_number = %s
"""
# FOR UPDATE: waits for the lock that the lost session holds on the row since it stored its token.
READ = "SELECT transaction_number FROM commit_token WHERE commit_token_id = %s FOR UPDATE"


@dataclass(frozen=True, slots=True)
class CommitToken:
    """Identifies one transaction: a row, and the number the transaction stores in it."""

    row_id: bytes
    number: int

    def store(self, tx: Transaction) -> None:
        """Store the token; the last statement before COMMIT."""
        tx.execute(STORE, (self.row_id, self.number, self.number))

    def was_committed(self, reader: Reader) -> bool:
        """Return whether the transaction was committed; it has ended when this returns.

        `reader` is a transaction: outside of one a locking read need not wait.
        """
        row = reader.fetch_one(READ, (self.row_id,))
        return row is not None and row["transaction_number"] == self.number


class CommitTokens:
    """The rows of one process that no transaction uses at present."""

    def __init__(self) -> None:
        # append and pop of a list are atomic
        self._unused: list[CommitToken] = []

    def take(self) -> CommitToken:
        """Return a token that no other transaction has."""
        try:
            last = self._unused.pop()
        except IndexError:
            return CommitToken(secrets.token_bytes(16), 1)
        return CommitToken(last.row_id, last.number + 1)

    def put_back(self, token: CommitToken) -> None:
        """Allow the row to be used again: the transaction has ended, and its outcome is known."""
        self._unused.append(token)
