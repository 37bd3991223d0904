"""SQL on cities; it also runs on an original Sakila database."""

from app.db.transaction import Reader, Row


def find_by_name(db: Reader, name: str) -> Row | None:
    """Find the first city of that name."""
    return db.fetch_one(
        "SELECT city_id FROM city WHERE city = %s ORDER BY city_id LIMIT 1", (name,)
    )
