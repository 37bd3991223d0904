"""Finds out whether a transaction was committed although the response to its COMMIT was lost.

The last statement of a retriable transaction stores a token in the table `commit_token`: it is
committed with the transaction or not at all. After a lost response the token is looked up. The
lookup waits until the lost session has ended, and if the token is missing, it changes the row, so
that the lost transaction cannot be committed later: not even on another node of a cluster, which
would reject one of the two changes (Galera, Group Replication).

A row belongs to one process and is used by one transaction at a time. The next transaction reuses
it, so the number of rows does not grow with the number of transactions. After a lost connection the
row is not reused, since the lost session may still hold its lock.

The token shows only what the server has stored. If the server itself loses a committed transaction
(`innodb_flush_log_at_trx_commit=2`, failover to an asynchronous replica), the token is lost too.
"""

import secrets
from dataclasses import dataclass

from .transaction import Transaction

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

# UNHEX, because MySQL cannot show its process list while a statement contains bytes that are not
# text (error 3854, MySQL 9.7), as mysqlclient would send them.
STORE = """
INSERT INTO commit_token (commit_token_id, transaction_number) VALUES (UNHEX(%s), %s)
ON DUPLICATE KEY UPDATE transaction_number = %s
"""
# Waits for the row lock that the lost session has held since it stored its token. Unless the token
# was committed, sets a number that no transaction has. A read-only replica rejects the statement.
PREVENT_COMMIT = """
INSERT INTO commit_token (commit_token_id, transaction_number) VALUES (UNHEX(%s), 0)
ON DUPLICATE KEY UPDATE transaction_number = IF(transaction_number = %s, transaction_number, 0)
"""
READ = "SELECT transaction_number FROM commit_token WHERE commit_token_id = UNHEX(%s) FOR UPDATE"


@dataclass(slots=True)
class CommitToken:
    """Identifies one transaction: a row, and the number the transaction stores in it.

    `is_stored` is true as soon as storing it was attempted.
    """

    row_id: str  # hexadecimal
    number: int
    is_stored: bool = False

    def store(self, tx: Transaction) -> None:
        """Store the token; the last statement before COMMIT."""
        self.is_stored = True
        tx.execute(STORE, (self.row_id, self.number, self.number))

    def was_committed(self, tx: Transaction) -> bool:
        """Return whether the transaction was committed.

        True is final. False is final once `tx`, another transaction, has been committed.
        """
        tx.execute(PREVENT_COMMIT, (self.row_id, self.number))
        row = tx.fetch_one(READ, (self.row_id,))
        return row is not None and row["transaction_number"] == self.number


class CommitTokens:
    """The rows of one process that no transaction is using."""

    def __init__(self) -> None:
        # append and pop of a list are atomic
        self._unused: list[CommitToken] = []

    def take(self) -> CommitToken:
        """Return a token that no other transaction has; call it before BEGIN.

        With `innodb_snapshot_isolation`, the default since MariaDB 11.6, a transaction may not
        change a row that another one has changed after its snapshot.
        """
        try:
            last = self._unused.pop()
        except IndexError:
            return CommitToken(secrets.token_hex(16), 1)
        return CommitToken(last.row_id, last.number + 1)

    def put_back(self, token: CommitToken) -> None:
        """Allow the row to be used again: its transaction has ended at the server."""
        self._unused.append(token)
