"""Enrollments of students in courses."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS enrollment (
          enrollment_id INT UNSIGNED NOT NULL AUTO_INCREMENT,
          student_id INT UNSIGNED NOT NULL,
          course_id SMALLINT UNSIGNED NOT NULL,
          enrollment_date DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
          completion_date DATETIME DEFAULT NULL,
          last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          PRIMARY KEY (enrollment_id),
          UNIQUE KEY idx_unique_student_id_course_id (student_id, course_id),
          KEY idx_fk_course_id (course_id),
          CONSTRAINT fk_enrollment_student FOREIGN KEY (student_id)
            REFERENCES student (student_id) ON DELETE RESTRICT ON UPDATE CASCADE,
          CONSTRAINT fk_enrollment_course FOREIGN KEY (course_id)
            REFERENCES course (course_id) ON DELETE RESTRICT ON UPDATE CASCADE,
          CONSTRAINT chk_enrollment_completion_date CHECK (completion_date >= enrollment_date)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS enrollment")
