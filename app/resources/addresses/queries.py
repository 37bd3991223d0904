"""SQL for addresses, used by the query modules of their owners."""

from collections.abc import Sequence
from typing import Any

from app.db.transaction import Transaction
from app.sql.select import ToOne

Values = dict[str, Any]

CITY = ToOne(
    "LEFT JOIN city ON city.city_id = address.city_id"
    " LEFT JOIN country ON country.country_id = city.country_id"
)


def join(table: str) -> str:
    """Return the join with the address of a table's row."""
    return f"JOIN address ON address.address_id = {table}.address_id"


def insert_many(tx: Transaction, addresses: Sequence[Values]) -> int:
    """Insert new addresses in one statement and return the key of the first.

    The keys of the others follow in steps of @@auto_increment_increment: the server allocates
    consecutive keys for an INSERT whose number of rows is known in advance.
    """
    names = ("address", "address2", "district", "city_id", "postal_code", "phone")
    rows = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(addresses))
    tx.execute(
        f"INSERT INTO address ({', '.join(names)}) VALUES {rows}",  # noqa: S608 - names defined here
        tuple(address[name] for address in addresses for name in names),
    )
    return tx.last_row_id


def insert(tx: Transaction, address: Values) -> int:
    """Insert a new address and return its key."""
    return insert_many(tx, [address])


# Assignments for an UPDATE that joins the address; the parameters come from `flatten`.
SET = """
    address.address = %(address_address)s, address.address2 = %(address_address2)s,
    address.district = %(address_district)s, address.city_id = %(address_city_id)s,
    address.postal_code = %(address_postal_code)s, address.phone = %(address_phone)s
"""


def flatten(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a body, with those of its address prefixed by `address_`."""
    others = {name: value for name, value in values.items() if name != "address"}
    return others | {f"address_{name}": value for name, value in values["address"].items()}


def delete_with_owner(tx: Transaction, table: str, key: int) -> None:
    """Delete a row and its address, unless another row refers to the same address."""
    where = f"WHERE {table}_id = %s"
    row = tx.fetch_one(f"SELECT address_id FROM {table} {where}", (key,))  # noqa: S608 - names of tables
    tx.execute(f"DELETE FROM {table} {where}", (key,))  # noqa: S608
    if row is not None:
        tx.execute("DELETE IGNORE FROM address WHERE address_id = %s", (row["address_id"],))
