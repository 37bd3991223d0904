"""Courses."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS course (
          course_id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT,
          title VARCHAR(128) NOT NULL,
          description TEXT DEFAULT NULL,
          level ENUM('introductory', 'intermediate', 'advanced') NOT NULL DEFAULT 'introductory',
          credits TINYINT UNSIGNED NOT NULL DEFAULT 5,
          last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          PRIMARY KEY (course_id),
          KEY idx_title (title),
          CONSTRAINT chk_course_credits CHECK (credits BETWEEN 1 AND 30)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS course")
