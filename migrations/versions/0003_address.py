"""Postal addresses of campuses, staff and students."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS address (
          address_id INT UNSIGNED NOT NULL AUTO_INCREMENT,
          address VARCHAR(50) NOT NULL,
          address2 VARCHAR(50) DEFAULT NULL,
          district VARCHAR(20) NOT NULL,
          city_id SMALLINT UNSIGNED NOT NULL,
          postal_code VARCHAR(10) DEFAULT NULL,
          phone VARCHAR(20) NOT NULL,
          last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          PRIMARY KEY (address_id),
          KEY idx_fk_city_id (city_id),
          CONSTRAINT fk_address_city FOREIGN KEY (city_id)
            REFERENCES city (city_id) ON DELETE RESTRICT ON UPDATE CASCADE
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS address")
