"""Foreign key of students to campus, dropped until both columns are wider."""

from migrations.columns import change_reference, drop_foreign_key

revision = "0040"
down_revision = "0039"


# Takes no time. Until 0043, a campus with students can be deleted, as in 0039.
def upgrade() -> None:
    drop_foreign_key("student", "campus")


def downgrade() -> None:
    change_reference("student", "campus", "tinyint")
