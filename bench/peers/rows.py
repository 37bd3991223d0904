"""The query of the peers without an ORM, and the JSON form of its rows."""

STUDENT = """
    SELECT student_id, campus_id, first_name, last_name, email, active, student.create_date,
           student.last_update, address.address, address2, district, city_id, postal_code, phone
    FROM student JOIN address ON address.address_id = student.address_id
"""


def as_dict(row):
    return {
        "student_id": row[0],
        "campus_id": row[1],
        "first_name": row[2],
        "last_name": row[3],
        "email": row[4],
        "active": bool(row[5]),
        "create_date": row[6].isoformat() + "Z",
        "last_update": row[7].isoformat() + "Z",
        "address": {
            "address": row[8],
            "address2": row[9],
            "district": row[10],
            "city_id": row[11],
            "postal_code": row[12],
            "phone": row[13],
        },
    }
