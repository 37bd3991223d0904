"""Keys of subjects as INT in course subjects."""

from migrations.columns import change_reference, drop_foreign_key

revision = "0046"
down_revision = "0045"


# Copies the table and blocks writes to it meanwhile: a few rows for each course.
def upgrade() -> None:
    change_reference("course_subject", "subject", "int")


def downgrade() -> None:
    drop_foreign_key("course_subject", "subject")
