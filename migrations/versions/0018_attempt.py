"""Attempts of an enrolled student at an assessment, with the score."""

from alembic import op

revision = "0018"
down_revision = "0017"


# The attempts of one student in one chapter are found without reading other rows: enrollment by
# (student_id, course_id), then attempt by (enrollment_id, assessment_id). Because that index
# includes the score, it covers the views and averages.
def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS attempt (
          attempt_id INT UNSIGNED NOT NULL AUTO_INCREMENT,
          enrollment_id INT UNSIGNED NOT NULL,
          assessment_id MEDIUMINT UNSIGNED NOT NULL,
          score DECIMAL(5,2) NOT NULL,
          attempt_date DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
          last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          PRIMARY KEY (attempt_id),
          KEY idx_enrollment_id_assessment_id_score (enrollment_id, assessment_id, score),
          KEY idx_fk_assessment_id (assessment_id),
          CONSTRAINT fk_attempt_enrollment FOREIGN KEY (enrollment_id)
            REFERENCES enrollment (enrollment_id) ON DELETE RESTRICT ON UPDATE CASCADE,
          CONSTRAINT fk_attempt_assessment FOREIGN KEY (assessment_id)
            REFERENCES assessment (assessment_id) ON DELETE RESTRICT ON UPDATE CASCADE,
          CONSTRAINT chk_attempt_score CHECK (score BETWEEN 0 AND 100)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS attempt")
