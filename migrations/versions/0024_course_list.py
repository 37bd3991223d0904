"""View: courses with subjects, staff and number of chapters."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.execute("""
        CREATE OR REPLACE SQL SECURITY INVOKER VIEW course_list AS
        SELECT
          course.course_id, course.title, course.description, course.level, course.credits,
          (SELECT GROUP_CONCAT(subject.name ORDER BY subject.name SEPARATOR ', ')
           FROM course_subject JOIN subject ON subject.subject_id = course_subject.subject_id
           WHERE course_subject.course_id = course.course_id) AS subjects,
          (SELECT GROUP_CONCAT(CONCAT(staff.first_name, ' ', staff.last_name)
             ORDER BY staff.last_name, staff.staff_id SEPARATOR ', ')
           FROM course_staff JOIN staff ON staff.staff_id = course_staff.staff_id
           WHERE course_staff.course_id = course.course_id) AS staff,
          (SELECT COUNT(*) FROM chapter WHERE chapter.course_id = course.course_id) AS chapters
        FROM course
    """)


def downgrade() -> None:
    op.execute("DROP VIEW IF EXISTS course_list")
