"""The subjects of each course."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS course_subject (
          course_id SMALLINT UNSIGNED NOT NULL,
          subject_id TINYINT UNSIGNED NOT NULL,
          last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          PRIMARY KEY (course_id, subject_id),
          KEY idx_fk_subject_id (subject_id),
          CONSTRAINT fk_course_subject_course FOREIGN KEY (course_id)
            REFERENCES course (course_id) ON DELETE RESTRICT ON UPDATE CASCADE,
          CONSTRAINT fk_course_subject_subject FOREIGN KEY (subject_id)
            REFERENCES subject (subject_id) ON DELETE RESTRICT ON UPDATE CASCADE
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS course_subject")
