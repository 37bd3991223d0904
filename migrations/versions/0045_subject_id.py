"""Keys of subjects as INT: TINYINT has 255, and rejected inserts use keys up too."""

from migrations.columns import change_key

revision = "0045"
down_revision = "0044"


# MODIFY copies the table and blocks writes to it meanwhile: at most 255 rows, a few milliseconds.
def upgrade() -> None:
    change_key("subject", "int")


def downgrade() -> None:
    change_key("subject", "tinyint")
