"""Results counted again: before 0066 and 0067, some could be wrong under READ COMMITTED."""

from migrations.summaries import fill

revision = "0068"
down_revision = "0067"


def upgrade() -> None:
    fill("assessment_result", "assessment")


def downgrade() -> None:
    pass  # the results are the same
