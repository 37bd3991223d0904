"""Version of an address, which every transaction that locks its owner changes."""

from migrations.columns import add_column, drop_column

revision = "0064"
down_revision = "0063"


# Campuses, staff and students are locked together with their address, and each change of one of
# them writes this column: see app/resources/addresses/queries.py. Without FULLTEXT index, unlike
# staff and student, the table gets the column without being copied.
def upgrade() -> None:
    add_column("address", "version", "BIGINT UNSIGNED NOT NULL DEFAULT 0 AFTER phone")


def downgrade() -> None:
    drop_column("address", "version")
