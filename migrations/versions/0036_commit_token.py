"""Commit tokens: whether a transaction was committed whose response was lost."""

from alembic import op

revision = "0036"
down_revision = "0035"


# One row for each concurrent transaction of a process, not for each transaction: see
# app/db/commit_tokens.py. Rows of processes that have ended are deleted by `flask purge-expired`.
def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS commit_token (
          commit_token_id BINARY(16) NOT NULL,
          transaction_number BIGINT UNSIGNED NOT NULL,
          last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          PRIMARY KEY (commit_token_id),
          KEY idx_last_update (last_update)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS commit_token")
