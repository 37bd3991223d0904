"""View: staff with campus and address."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute("""
        CREATE OR REPLACE SQL SECURITY INVOKER VIEW staff_list AS
        SELECT
          staff.staff_id, staff.first_name, staff.last_name, staff.email, staff.active,
          staff.campus_id, campus.name AS campus,
          address.address, address.postal_code, address.phone, city.city, country.country
        FROM staff
        JOIN campus ON campus.campus_id = staff.campus_id
        JOIN address ON address.address_id = staff.address_id
        JOIN city ON city.city_id = address.city_id
        JOIN country ON country.country_id = city.country_id
    """)


def downgrade() -> None:
    op.execute("DROP VIEW IF EXISTS staff_list")
