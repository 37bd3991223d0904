"""SQL for countries."""

from app.http.caller import Caller
from app.resources.countries.schemas import Country
from app.sql.conditions import ALL_ROWS, Condition
from app.sql.filters import Check
from app.sql.select import Select

SELECT = Select(
    Country,
    table="country",
    key="country_id",
    filters={"q": Check("country.country LIKE %s")},
    indexes={"idx_country": ("country",)},
)


def visible_to(caller: Caller) -> Condition:  # noqa: ARG001
    """Return the condition for countries the caller may see: all."""
    return ALL_ROWS
