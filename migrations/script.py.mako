"""${message}."""

from alembic import op

revision = "${up_revision}"
down_revision = "${down_revision}"


# One DDL statement, written so that it can run again (IF NOT EXISTS, OR REPLACE): the
# server commits it at once, and a run killed before its version is stored repeats it.
# A colon begins a bound value here: write \: for one that is meant.
def upgrade() -> None:
    op.execute("""
        CREATE TABLE IF NOT EXISTS
    """)


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS ")
