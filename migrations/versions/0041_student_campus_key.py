"""Foreign key of students to campus, dropped until both columns are wider."""

from migrations.columns import change_reference, drop_foreign_key

revision = "0041"
down_revision = "0040"


# Takes no time. Until 0044, a campus with students can be deleted, as in 0040.
def upgrade() -> None:
    drop_foreign_key("student", "campus")


def downgrade() -> None:
    change_reference("student", "campus", "tinyint")
