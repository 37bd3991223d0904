"""Assessments of a chapter: quizzes, assignments and exams."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS assessment (
          assessment_id MEDIUMINT UNSIGNED NOT NULL AUTO_INCREMENT,
          chapter_id MEDIUMINT UNSIGNED NOT NULL,
          title VARCHAR(128) NOT NULL,
          kind ENUM('quiz', 'assignment', 'exam') NOT NULL,
          pass_score DECIMAL(5,2) NOT NULL DEFAULT 50.00,
          last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          PRIMARY KEY (assessment_id),
          KEY idx_fk_chapter_id (chapter_id),
          CONSTRAINT fk_assessment_chapter FOREIGN KEY (chapter_id)
            REFERENCES chapter (chapter_id) ON DELETE RESTRICT ON UPDATE CASCADE,
          CONSTRAINT chk_assessment_pass_score CHECK (pass_score BETWEEN 0 AND 100)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS assessment")
