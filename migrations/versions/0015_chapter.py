"""Chapters of a course."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS chapter (
          chapter_id MEDIUMINT UNSIGNED NOT NULL AUTO_INCREMENT,
          course_id SMALLINT UNSIGNED NOT NULL,
          chapter_number TINYINT UNSIGNED NOT NULL,
          title VARCHAR(128) NOT NULL,
          last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          PRIMARY KEY (chapter_id),
          UNIQUE KEY idx_unique_course_id_chapter_number (course_id, chapter_number),
          CONSTRAINT fk_chapter_course FOREIGN KEY (course_id)
            REFERENCES course (course_id) ON DELETE RESTRICT ON UPDATE CASCADE,
          CONSTRAINT chk_chapter_chapter_number CHECK (chapter_number >= 1)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS chapter")
