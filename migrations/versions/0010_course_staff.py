"""The staff members who teach each course."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS course_staff (
          course_id SMALLINT UNSIGNED NOT NULL,
          staff_id SMALLINT UNSIGNED NOT NULL,
          last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          PRIMARY KEY (course_id, staff_id),
          KEY idx_fk_staff_id (staff_id),
          CONSTRAINT fk_course_staff_course FOREIGN KEY (course_id)
            REFERENCES course (course_id) ON DELETE RESTRICT ON UPDATE CASCADE,
          CONSTRAINT fk_course_staff_staff FOREIGN KEY (staff_id)
            REFERENCES staff (staff_id) ON DELETE RESTRICT ON UPDATE CASCADE
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS course_staff")
