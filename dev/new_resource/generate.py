"""The files of a new resource: new ones from templates, and the entries in existing ones."""

import textwrap
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dev.new_resource.edits import EDITED_MODULE, NEW_MODULE, Source, tidy
from dev.new_resource.owners import Cells
from dev.new_resource.project import Project
from dev.new_resource.resource import Resource
from dev.system_packages import Stop
from dev.write_files import Changes

TEMPLATES = Path(__file__).parent / "templates"
WIDTH = 100  # of a line
MODULES = ("__init__.py", "schemas.py", "queries.py", "resources.py")
PERMISSIONS = "docs/permissions.md"


def generate(resource: Resource, project: Project, *, for_page: bool = False) -> Changes:
    """Return the new text of each file that is created or changed; nothing is written.

    Raises `Stop` if a file exists already. `for_page` shows what would be added if it did not.
    """
    created = _created(resource, project)
    existing = [str(path) for path in created if path.exists()]
    if existing and not for_page:
        raise Stop(f"{', '.join(existing)} exists already")
    changes: Changes = {
        path: tidy(path, text, NEW_MODULE, project.root) for path, text in created.items()
    }
    # Sorting would remove an import that exists already.
    rules = () if for_page else EDITED_MODULE
    for source in _edited(resource, project.root):
        changes[source.path] = tidy(source.path, source.text, rules, project.root)
    permissions = project.root / PERMISSIONS
    changes[permissions] = permissions.read_text() + "".join(_permissions(resource))
    return changes


def _created(resource: Resource, project: Project) -> dict[Path, str]:
    versions = project.root / "migrations/versions"
    package = project.root / "app/resources" / resource.names.names
    found = {}
    for number, link in enumerate([None, *resource.links], 1):
        table = resource.link_table(link) if link else resource.name
        path = versions / f"{project.revision(number)}_{table}.py"
        found[path] = _filled(
            "link_migration.py" if link else "migration.py",
            r=resource,
            link=link,
            revision=project.revision(number),
            down_revision=project.revision(number - 1),
        )
    lines = [it for it in resource.columns if it.kind.name == "str"]
    known = {f"Line{it.size}," for it in lines if it.line_type}
    own = {it.size: it for it in lines if not it.line_type}
    for name in MODULES:
        found[package / name] = _filled(
            name,
            r=resource,
            line_types=" ".join(sorted(known)),
            own_line_types=list(own.values()),
            unique_sortable=[it for it in resource.sortable if it.is_unique],
        )
    return found


def _filled(template: str, **values: Any) -> str:
    # Python and SQL, in which characters of HTML must not be escaped.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=False,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters.update(fill=_fill, string=_string)
    return environment.get_template(f"{template}.jinja").render(**values)


def _fill(text: str, indentation: int) -> str:
    """Return a clause of an SQL statement in lines of the usual length."""
    lines = textwrap.fill(
        text.replace(" = ", "\0=\0"), WIDTH, initial_indent=" " * indentation,
        subsequent_indent=" " * (indentation + 4), break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return lines.replace("\0", " ")


def _string(text: str) -> str:
    """Return a string literal, in several parts if it is long; the formatter joins them."""
    lines = textwrap.wrap(text, 70, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f'"{line}"' for line in [lines[0], *(f" {line}" for line in lines[1:])])


def _edited(resource: Resource, root: Path) -> list[Source]:
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
    rows.add_entry("COLUMNS", f'"{resource.name}": {_string(", ".join(names))}')
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


def _permissions(resource: Resource) -> list[str]:
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
