"""SQL for countries."""

from app.http.caller import Caller
from app.resources.countries.schemas import Country
from app.sql.select import ALL_ROWS, Condition, Select

SELECT = Select(
    Country, table="country", key="country_id", filters={"q": "country.country LIKE %s"}
)


def visible_to(caller: Caller) -> Condition:  # noqa: ARG001
    """Return the condition for countries the caller may see: all."""
    return ALL_ROWS
