"""How far imports of files have come."""

from alembic import op

revision = "0034"
down_revision = "0033"


# The fingerprint is the SHA-256 of the file. `position` is the byte in it that follows the last
# line that was dealt with, `line_number` that line's; both change with the rows that were stored.
# `report_size` is how much of the report on rejected lines belongs to them.
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
