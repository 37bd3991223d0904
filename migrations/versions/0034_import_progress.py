"""Progress of file imports, so that an interrupted import can resume."""

from alembic import op

revision = "0034"
down_revision = "0033"


# fingerprint is the SHA-256 of the file. position is the offset after the last processed line,
# line_number the number of that line; both are updated in the transaction that stores the rows.
# report_size is the size of the report of rejected lines at that point.
def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS import_progress (
          import_progress_id INT UNSIGNED NOT NULL AUTO_INCREMENT,
          fingerprint BINARY(32) NOT NULL,
          position BIGINT UNSIGNED NOT NULL DEFAULT 0,
          line_number BIGINT UNSIGNED NOT NULL DEFAULT 0,
          stored_lines BIGINT UNSIGNED NOT NULL DEFAULT 0,
          rejected_lines BIGINT UNSIGNED NOT NULL DEFAULT 0,
          report_size BIGINT UNSIGNED NOT NULL DEFAULT 0,
          create_date DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
          last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          PRIMARY KEY (import_progress_id),
          UNIQUE KEY idx_unique_fingerprint (fingerprint)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS import_progress")
