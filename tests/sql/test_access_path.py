"""The index that a list is read by, and the declared indexes exist."""

import importlib
import pkgutil

import pytest

import app.resources
from app.sql.access_path import access_path
from app.sql.conditions import Condition, equals
from app.sql.order import Order
from app.sql.select import Select
from tests.support.catalog import resources
from tests.support.database import query

INDEXES = {
    "unique": ("email",),
    "both": ("campus_id", "last_name"),
    "campus": ("campus_id",),
    "name": ("last_name",),
}
RECENT = Condition("t.created > %s", (1,), "created", is_range=True)


def selects():
    """Return the declared resources, by table."""
    found = {}
    for module in pkgutil.walk_packages(app.resources.__path__, "app.resources."):
        if module.name.endswith(".queries"):
            select = getattr(importlib.import_module(module.name), "SELECT", None)
            if isinstance(select, Select):
                found[select.table] = select
    return found


SELECTS = selects()


@pytest.mark.parametrize(
    ("columns", "order", "index", "checked"),
    [
        ((), "", "PRIMARY", ()),
        ((), "last_name", "name", ()),
        (("campus_id",), "", "campus", ()),
        (("campus_id",), "last_name", "both", ()),
        (("campus_id", "active"), "last_name", "both", ("active",)),
        (("campus_id", "last_name"), "", "both", ()),
        (("campus_id", "email"), "", "unique", ("campus_id",)),
        (("email",), "last_name", "name", ("email",)),
        (("t_id", "campus_id"), "last_name", "PRIMARY", ()),
        (("active",), "", "PRIMARY", ("active",)),
    ],
)
def test_an_index_serves_leading_equalities_in_the_order_of_the_list(
    columns, order, index, checked
):
    conditions = [equals("t", column, 1) for column in columns]
    orders = [Order(order)] if order else []

    path = access_path("t_id", INDEXES, conditions, orders)

    assert path.index == index
    assert tuple(it.column for it in path.checked) == checked
    assert path.served.params == (1,) * (len(columns) - len(checked))


def test_a_range_is_served_only_in_the_order_of_its_column():
    indexes = {"created": ("created",), "name": ("last_name",)}

    assert access_path("t_id", indexes, [RECENT], [Order("created")]).checked == []
    assert access_path("t_id", indexes, [RECENT], [Order("last_name")]).checked == [RECENT]
    assert access_path("t_id", indexes, [RECENT], []).checked == [RECENT]


@pytest.mark.parametrize("table", SELECTS)
def test_the_declared_indexes_exist(table, server, migrated):
    with server.connect(migrated) as root:
        rows = query(root, f"SHOW INDEX FROM {table}")
    columns, unique = {}, set()
    for _, not_unique, name, _, column, *_ in rows:
        columns[name] = (*columns.get(name, ()), column)
        if not not_unique:
            unique.add(name)

    assert SELECTS[table].indexes.items() <= columns.items()
    assert {(it,) for it in SELECTS[table].unique} <= {columns[name] for name in unique}


@pytest.mark.parametrize("resource", list(resources()), ids=lambda it: it.list.path)
def test_every_sort_column_has_an_index(resource):
    indexes = SELECTS[resource.table].indexes

    assert {(name,) for name in resource.sorts} <= set(indexes.values())
