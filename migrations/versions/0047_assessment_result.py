"""Results of each assessment, maintained by triggers on attempt and assessment."""

from alembic import op

revision = "0047"
down_revision = "0046"

# It has a foreign key that cascades, unlike course_text: a row has no meaning without its
# assessment. The columns are signed, because counts are negative if rows are deleted before the
# table is filled, and because the order of concurrent changes is arbitrary.


def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS assessment_result (
          assessment_id MEDIUMINT UNSIGNED NOT NULL,
          attempts INT NOT NULL,
          passed INT NOT NULL,
          score_total DECIMAL(14,2) NOT NULL,
          PRIMARY KEY (assessment_id),
          CONSTRAINT fk_assessment_result_assessment FOREIGN KEY (assessment_id)
            REFERENCES assessment (assessment_id) ON DELETE CASCADE ON UPDATE CASCADE
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS assessment_result")
