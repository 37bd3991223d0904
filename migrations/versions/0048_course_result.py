"""Enrollments of each course, maintained by triggers on enrollment."""

from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS course_result (
          course_id SMALLINT UNSIGNED NOT NULL,
          enrollments INT NOT NULL,
          completions INT NOT NULL,
          PRIMARY KEY (course_id),
          CONSTRAINT fk_course_result_course FOREIGN KEY (course_id)
            REFERENCES course (course_id) ON DELETE CASCADE ON UPDATE CASCADE
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS course_result")
