"""SQL for addresses, used by the query modules of their owners.

The owner and its address are one resource, and are locked together. Each transaction that changes
or deletes the owner writes its address, by `version`: so that in a cluster of several writers,
where a lock is not known to other nodes, two of them conflict like on one server.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from app.db.transaction import Transaction
from app.sql.select import ToOne

Values = dict[str, Any]

# Of the random number that a new address gets as its version: an UPDATE can still increment it.
VERSION_BITS = 63

CITY = ToOne(
    "LEFT JOIN city ON city.city_id = address.city_id"
    " LEFT JOIN country ON country.country_id = city.country_id"
)


def join(table: str) -> str:
    """Return the join with the address of a table's row."""
    return f"JOIN address ON address.address_id = {table}.address_id"


def insert_many(tx: Transaction, addresses: Sequence[Values]) -> list[int]:
    """Insert new addresses and return their keys, in the same order.

    One INSERT stores all of them. The keys cannot be computed from the first one: in a Galera
    cluster, @@auto_increment_increment changes whenever a node joins or leaves. They are read back
    by numbers that the rows get as their first versions.
    """
    first_version = secrets.randbits(VERSION_BITS)
    first_key = _insert_many(tx, addresses, first_version)
    if len(addresses) == 1:
        return [first_key]
    # Rows with greater keys are few: those that others insert at the same time.
    rows = tx.fetch_all(
        """
        SELECT address_id FROM address
        WHERE address_id >= %s AND version >= %s AND version < %s
        ORDER BY version
        """,
        (first_key, first_version, first_version + len(addresses)),
    )
    if len(rows) != len(addresses):
        raise RuntimeError(f"{len(addresses)} addresses were stored, but {len(rows)} found")
    return [row["address_id"] for row in rows]


def _insert_many(tx: Transaction, addresses: Sequence[Values], first_version: int) -> int:
    """Insert new addresses with consecutive versions and return the key of the first."""
    names = ("address", "address2", "district", "city_id", "postal_code", "phone")
    row = "(" + "%s, " * len(names) + "%s)"
    values: list[Any] = []
    for version, address in enumerate(addresses, first_version):
        values += (*(address[name] for name in names), version)
    tx.execute(
        f"INSERT INTO address ({', '.join(names)}, version)"  # noqa: S608 - names defined here
        f" VALUES {', '.join([row] * len(addresses))}",
        tuple(values),
    )
    return tx.last_row_id


def insert(tx: Transaction, address: Values) -> int:
    """Insert a new address and return its key."""
    return insert_many(tx, [address])[0]


# Assignments for an UPDATE that joins the address; the parameters come from `flatten`. The version
# makes the UPDATE write the address even if only its owner changes: other nodes of a cluster do not
# see the lock on the row, but that it was written.
SET = """
    address.version = address.version + 1,
    address.address = %(address_address)s, address.address2 = %(address_address2)s,
    address.district = %(address_district)s, address.city_id = %(address_city_id)s,
    address.postal_code = %(address_postal_code)s, address.phone = %(address_phone)s
"""


def flatten(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a body, with those of its address prefixed by `address_`."""
    others = {name: value for name, value in values.items() if name != "address"}
    return others | {f"address_{name}": value for name, value in values["address"].items()}


def delete_with_owner(tx: Transaction, table: str, key: int) -> None:
    """Delete a row and its address; an address that another row refers to gets a new version."""
    where = f"WHERE {table}_id = %s"
    row = tx.fetch_one(f"SELECT address_id FROM {table} {where}", (key,))  # noqa: S608 - names of tables
    tx.execute(f"DELETE FROM {table} {where}", (key,))  # noqa: S608
    if row is None:
        return
    address = (row["address_id"],)
    if not tx.execute("DELETE IGNORE FROM address WHERE address_id = %s", address):
        tx.execute("UPDATE address SET version = version + 1 WHERE address_id = %s", address)
