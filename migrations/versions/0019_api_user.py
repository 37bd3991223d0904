"""User accounts of the API, with their roles."""

from alembic import op

revision = "0019"
down_revision = "0018"


# The only table with ON UPDATE RESTRICT: MySQL rejects a CHECK on a column that a foreign key may
# change (error 3823). The CHECK that role and person match matters more than changeable keys.
def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS api_user (
          api_user_id INT UNSIGNED NOT NULL AUTO_INCREMENT,
          user_name VARCHAR(50) NOT NULL,
          password_hash VARCHAR(255) NOT NULL,
          role ENUM('admin', 'staff', 'student') NOT NULL,
          staff_id SMALLINT UNSIGNED DEFAULT NULL,
          student_id INT UNSIGNED DEFAULT NULL,
          active BOOLEAN NOT NULL DEFAULT TRUE,
          create_date DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
          last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          PRIMARY KEY (api_user_id),
          UNIQUE KEY idx_unique_user_name (user_name),
          KEY idx_fk_staff_id (staff_id),
          KEY idx_fk_student_id (student_id),
          CONSTRAINT fk_api_user_staff FOREIGN KEY (staff_id)
            REFERENCES staff (staff_id) ON DELETE RESTRICT ON UPDATE RESTRICT,
          CONSTRAINT fk_api_user_student FOREIGN KEY (student_id)
            REFERENCES student (student_id) ON DELETE RESTRICT ON UPDATE RESTRICT,
          CONSTRAINT chk_api_user_staff CHECK ((role = 'staff') = (staff_id IS NOT NULL)),
          CONSTRAINT chk_api_user_student CHECK ((role = 'student') = (student_id IS NOT NULL))
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS api_user")
