"""Foreign key of course subjects, dropped until both columns are wider."""

from migrations.columns import change_reference, drop_foreign_key

revision = "0044"
down_revision = "0043"


# Takes no time. Until 0046, a subject with courses can be deleted, as in 0039.
def upgrade() -> None:
    drop_foreign_key("course_subject", "subject")


def downgrade() -> None:
    change_reference("course_subject", "subject", "tinyint")
