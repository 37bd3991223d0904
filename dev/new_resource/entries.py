"""The entries of a new resource in existing files: URLs, permissions, sample rows, tests."""

from pathlib import Path

from dev.new_resource.edits import Source
from dev.new_resource.filling import string
from dev.new_resource.owners import Cells
from dev.new_resource.resource import Resource
from dev.system_packages import Stop


def edited(resource: Resource, root: Path) -> list[Source]:
    """Return the modules with entries for the resource."""
    return [
        _urls(resource, root),
        _sample_rows(resource, root),
        *_test_entries(resource, root),
    ]


def _urls(resource: Resource, root: Path) -> Source:
    names, path = resource.names, f"/v1/{resource.names.names}"
    urls = Source(root / "app/urls.py")
    classes = [names.collection, names.model]
    lines = [
        f'api.add_resource({names.collection}, "{path}")',
        f'api.add_resource({names.model}, "{path}/<key:{resource.key}>")',
    ]
    for link in resource.links:
        other, view = link.table, names.model + link.table.name.capitalize()
        classes.append(view)
        lines.append(
            f'api.add_resource({view}, "{path}/<key:{resource.key}>/{other.package}'
            f'/<key:{other.name}_id>")'
        )
    urls.add_statement("_add_resources", "\n    ".join(["", *lines]).removeprefix("\n    "))
    imported = ", ".join(sorted(classes))
    urls.add_import(f"from app.resources.{names.names}.resources import {imported}")
    return urls


def _sample_rows(resource: Resource, root: Path) -> Source:
    rows = Source(root / "sample_data/rows.py")
    names = [resource.key, *(it.name for it in resource.columns)]
    per_student = any(it.is_owner and it.parents == 0 for it in resource.columns)
    number = "student_id" if per_student else "number"
    values = ",".join([number, *(it.sample(number) for it in resource.columns)])
    rows.add_entry("COLUMNS", f'"{resource.name}": {string(", ".join(names))}')
    if per_student:
        rows.add_to_returned("_empty", f'"{resource.name}": []')
        rows.add_before_return("_add_student", f'rows["{resource.name}"].append(({values},))')
        return rows
    counted = f"for number in range(1, {resource.sample_rows + 1})"
    rows.add_entry("rows", f'"{resource.name}": [({values},) {counted}]', function="fixed")
    for link in resource.links:
        table, other = resource.link_table(link), f"{link.table.name}_id"
        rows.add_entry("COLUMNS", f'"{table}": "{resource.key}, {other}"')
        pairs = f"(number, (number - 1) % 5 + 1) {counted}"
        rows.add_entry("rows", f'"{table}": [{pairs}]', function="fixed")
    return rows


def _test_entries(resource: Resource, root: Path) -> list[Source]:
    """Return the tests that declare something for each resource, if they change."""
    found = [_imports(resource, root)]
    if resource.test_values:
        catalog = Source(root / "tests/support/catalog.py")
        for column in resource.test_values:
            if f'"{column.name}": lambda' not in catalog.text:
                value = column.kind.test_value(column.size)
                catalog.add_entry("FRESH", f'"{column.name}": {value}')
            elif column.kind.name != "int":
                raise Stop(
                    f"column {column.name!r}: FRESH in tests/support/catalog.py has an entry of"
                    " this name and another type; use another name"
                )
        found.append(catalog)
    if resource.access.rules or resource.links:
        permissions = Source(root / "tests/resources/test_permissions.py")
        for role, rule in resource.access.rules:
            permissions.add_entry("OWNED", f'("{resource.key}", "{role}"): {rule}')
        for link in resource.links:
            table = f'"{resource.link_table(link)}"'
            permissions.add_entry("tables", table, function="links")
        found.append(permissions)
    if resource.owner and resource.access.hides_references:
        references = Source(root / "tests/resources/test_hidden_references.py")
        operation = f"post /v1/{resource.names.names} {resource.owner.name}"
        references.add_entry("HIDING", f'("{operation}", "staff")')
        found.append(references)
    return [*found, *_link_entries(resource, root)]


def _imports(resource: Resource, root: Path) -> Source:
    structure = Source(root / "tests/test_structure.py")
    imports = ", ".join(f'"{it}"' for it in sorted(resource.imports))
    declared = f"{{{imports}}}" if imports else "set()"
    structure.add_entry("RESOURCES_MAY_IMPORT", f'"{resource.names.names}": {declared}')
    return structure


def _link_entries(resource: Resource, root: Path) -> list[Source]:
    if not resource.links:
        return []
    style = Source(root / "tests/migrations/test_style.py")
    rows = Source(root / "tests/resources/test_rows_examined.py")
    for link in resource.links:
        style.add_entry("LINK_TABLES", f'"{resource.link_table(link)}"')
        if f'"{link.table.name}_id": (' not in rows.text:
            rows.add_entry("VALUES", f'"{link.table.name}_id": (1, 3)')
    return [style, rows]


def permissions(resource: Resource) -> list[str]:
    """Return the lines of the table in docs/permissions.md."""
    access, path = resource.access, f"/v1/{resource.names.names}"
    item = f"{path}/{{{resource.key}}}"
    rows: list[tuple[str, Cells]] = [
        (f"GET {path}", access.listing),
        (f"POST {path}", access.creating),
        (f"GET {item}", access.reading),
        *((f"{method} {item}", access.changing) for method in ("PUT", "PATCH", "DELETE")),
    ]
    for link in resource.links:
        linked = f"{item}/{link.table.package}/{{{link.table.name}_id}}"
        rows += [(f"{method} {linked}", access.changing) for method in ("PUT", "DELETE")]
    return [f"| `{operation}` | {' | '.join(cells)} |\n" for operation, cells in rows]
