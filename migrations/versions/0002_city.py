"""Cities."""

from alembic import op

revision = "0002"
down_revision = "0001"


# InnoDB appends the primary key to each index, so idx_city is (city, city_id): it serves pages
# that continue after a (name, key) pair. The other indexes on names work the same way.
def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS city (
          city_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT,
          city VARCHAR(50) NOT NULL,
          country_id SMALLINT UNSIGNED NOT NULL,
          last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          PRIMARY KEY (city_id),
          KEY idx_city (city),
          KEY idx_fk_country_id (country_id),
          CONSTRAINT fk_city_country FOREIGN KEY (country_id)
            REFERENCES country (country_id) ON DELETE RESTRICT ON UPDATE CASCADE
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS city")
