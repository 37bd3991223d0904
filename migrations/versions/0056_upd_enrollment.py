"""Trigger: update a changed enrollment in the results of its course."""

from alembic import op

revision = "0056"
down_revision = "0055"

# Do not use UPDATE IGNORE on these tables: MariaDB executes AFTER UPDATE triggers for rows that it
# skips because of a duplicate key.


def upgrade() -> None:
    op.execute("""
        CREATE TRIGGER IF NOT EXISTS upd_enrollment AFTER UPDATE ON enrollment FOR EACH ROW
          IF NEW.course_id <> OLD.course_id
             OR (NEW.completion_date IS NULL) <> (OLD.completion_date IS NULL) THEN
            CALL add_enrollment(OLD.course_id, OLD.completion_date, -1);
            CALL add_enrollment(NEW.course_id, NEW.completion_date, 1);
          END IF
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS upd_enrollment")
