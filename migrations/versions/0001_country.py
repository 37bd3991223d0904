"""Countries."""

from alembic import op

revision = "0001"
down_revision = None


# All tables use utf8mb4_unicode_520_ci, the newest collation that all supported servers have.
# The servers' defaults differ: only MySQL has utf8mb4_0900_ai_ci, only MariaDB has uca1400
# collations. This one ignores case and accents: 'zurich' matches 'Zürich'.
def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS country (
          country_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT,
          country VARCHAR(50) NOT NULL,
          last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          PRIMARY KEY (country_id)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS country")
