"""Staff members, each employed at a campus."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS staff (
          staff_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT,
          campus_id TINYINT UNSIGNED NOT NULL,
          first_name VARCHAR(45) NOT NULL,
          last_name VARCHAR(45) NOT NULL,
          email VARCHAR(50) NOT NULL,
          address_id INT UNSIGNED NOT NULL,
          active BOOLEAN NOT NULL DEFAULT TRUE,
          create_date DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
          last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          PRIMARY KEY (staff_id),
          UNIQUE KEY idx_unique_email (email),
          KEY idx_last_name (last_name),
          KEY idx_fk_campus_id (campus_id),
          KEY idx_fk_address_id (address_id),
          CONSTRAINT fk_staff_campus FOREIGN KEY (campus_id)
            REFERENCES campus (campus_id) ON DELETE RESTRICT ON UPDATE CASCADE,
          CONSTRAINT fk_staff_address FOREIGN KEY (address_id)
            REFERENCES address (address_id) ON DELETE RESTRICT ON UPDATE CASCADE
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS staff")
