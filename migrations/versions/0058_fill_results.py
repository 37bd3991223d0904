"""Results of existing attempts and enrollments."""

from migrations.summaries import fill

revision = "0058"
down_revision = "0057"


def upgrade() -> None:
    fill("assessment_result", "assessment")
    fill("course_result", "course")


def downgrade() -> None:
    pass  # dropped with the tables
