"""Foreign key of staff to campus, dropped until both columns are wider."""

from migrations.columns import change_reference, drop_foreign_key

revision = "0039"
down_revision = "0038"


# Takes no time. Until 0042, a campus with staff can be deleted (by administrators only); 0042 then
# fails and names the constraint, and nothing is lost: correct the rows and run it again.
def upgrade() -> None:
    drop_foreign_key("staff", "campus")


def downgrade() -> None:
    change_reference("staff", "campus", "tinyint")
