"""Foreign key of course subjects, dropped until both columns are wider."""

from migrations.columns import change_reference, drop_foreign_key

revision = "0045"
down_revision = "0044"


# Takes no time. Until 0047, a subject with courses can be deleted, as in 0040.
def upgrade() -> None:
    drop_foreign_key("course_subject", "subject")


def downgrade() -> None:
    change_reference("course_subject", "subject", "tinyint")
