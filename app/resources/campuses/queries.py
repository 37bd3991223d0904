"""SQL for campuses."""

from typing import Any

from app.db.transaction import Transaction
from app.http.caller import Caller
from app.resources.addresses import queries as addresses
from app.resources.campuses.schemas import Campus
from app.sql.conditions import ALL_ROWS, Condition
from app.sql.filters import Check
from app.sql.select import Select

SELECT = Select(
    Campus,
    table="campus",
    key="campus_id",
    join=addresses.join("campus"),
    embeds={"city": addresses.CITY},
    filters={"q": Check("campus.name LIKE %s")},
    indexes={"idx_unique_name": ("name",)},
    unique=frozenset({"name"}),
)


def visible_to(caller: Caller) -> Condition:  # noqa: ARG001
    """Return the condition for campuses the caller may see: all."""
    return ALL_ROWS


def insert(tx: Transaction, campus: dict[str, Any]) -> int:
    """Insert a new campus with its address and return the key."""
    address_id = addresses.insert(tx, campus["address"])
    tx.execute(
        "INSERT INTO campus (name, address_id) VALUES (%(name)s, %(address_id)s)",
        {**addresses.flatten(campus), "address_id": address_id},
    )
    return tx.last_row_id


def update(tx: Transaction, campus_id: int, campus: dict[str, Any]) -> None:
    """Update a campus and its address in one statement."""
    tx.execute(
        f"""
        UPDATE campus {addresses.join("campus")}
        SET campus.name = %(name)s, {addresses.SET}
        WHERE campus.campus_id = %(campus_id)s
        """,  # noqa: S608 - constants of the addresses module
        {**addresses.flatten(campus), "campus_id": campus_id},
    )


def delete(tx: Transaction, campus_id: int) -> None:
    """Delete a campus and its address."""
    addresses.delete_with_owner(tx, "campus", campus_id)
