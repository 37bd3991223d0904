"""Keys of campuses as INT in staff."""

from migrations.columns import change_reference, drop_foreign_key

revision = "0042"
down_revision = "0041"


# Copies the table and blocks writes to it meanwhile, as 0043; a university has hundreds to
# thousands of staff: well under a second.
def upgrade() -> None:
    change_reference("staff", "campus", "int")


def downgrade() -> None:
    drop_foreign_key("staff", "campus")
