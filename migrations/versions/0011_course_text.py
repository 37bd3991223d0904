"""Full-text index of the courses, maintained by triggers on course."""

from alembic import op

revision = "0011"
down_revision = "0010"


# Only the triggers write to this table, so it has neither last_update nor a foreign key.
def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS course_text (
          course_id SMALLINT UNSIGNED NOT NULL,
          title VARCHAR(128) NOT NULL,
          description TEXT DEFAULT NULL,
          PRIMARY KEY (course_id),
          FULLTEXT KEY idx_title_description (title, description)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS course_text")
