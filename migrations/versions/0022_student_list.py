"""View: students with campus and address."""

from alembic import op

revision = "0022"
down_revision = "0021"


# All views and routines are SQL SECURITY INVOKER: they keep working after the account that ran
# the migrations is dropped, and grant no access that the caller does not already have.
def upgrade() -> None:
    op.execute("""
        CREATE OR REPLACE SQL SECURITY INVOKER VIEW student_list AS
        SELECT
          student.student_id, student.first_name, student.last_name, student.email, student.active,
          student.campus_id, campus.name AS campus,
          address.address, address.postal_code, address.phone, city.city, country.country
        FROM student
        JOIN campus ON campus.campus_id = student.campus_id
        JOIN address ON address.address_id = student.address_id
        JOIN city ON city.city_id = address.city_id
        JOIN country ON country.country_id = city.country_id
    """)


def downgrade() -> None:
    op.execute("DROP VIEW IF EXISTS student_list")
