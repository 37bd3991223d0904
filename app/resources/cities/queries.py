"""SQL for cities."""

from app.db.transaction import Reader, Row
from app.http.caller import Caller
from app.resources.cities.schemas import City
from app.sql.conditions import ALL_ROWS, Condition
from app.sql.filters import Check
from app.sql.select import Select, ToOne

SELECT = Select(
    City,
    table="city",
    key="city_id",
    embeds={"country": ToOne("LEFT JOIN country ON country.country_id = city.country_id")},
    filters={"q": Check("city.city LIKE %s")},
    indexes={"idx_city": ("city",), "idx_fk_country_id": ("country_id",)},
)


def visible_to(caller: Caller) -> Condition:  # noqa: ARG001
    """Return the condition for cities the caller may see: all."""
    return ALL_ROWS


def find_by_name(db: Reader, name: str) -> Row | None:
    """Return the first city with this name; also works on an original Sakila database."""
    return db.fetch_one(
        "SELECT city_id FROM city WHERE city = %s ORDER BY city_id LIMIT 1", (name,)
    )
