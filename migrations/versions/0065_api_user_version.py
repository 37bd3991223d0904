"""Version of a user, which every sign-in changes."""

from migrations.columns import add_column, drop_column

revision = "0065"
down_revision = "0064"


# A sign-in verifies the password and stores a session; a change of the password on another node of
# a cluster conflicts with it only if both write the user's row. The column is added without copying
# the table.
def upgrade() -> None:
    add_column("api_user", "version", "BIGINT UNSIGNED NOT NULL DEFAULT 0 AFTER active")


def downgrade() -> None:
    drop_column("api_user", "version")
