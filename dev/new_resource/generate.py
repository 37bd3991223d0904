"""The files of a new resource: new ones from templates, and the entries in existing ones."""

from pathlib import Path

from dev.new_resource.edits import EDITED_MODULE, NEW_MODULE, tidy
from dev.new_resource.entries import edited, permissions
from dev.new_resource.filling import filled
from dev.new_resource.project import Project
from dev.new_resource.resource import Resource
from dev.system_packages import Stop
from dev.write_files import Changes

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
    for source in edited(resource, project.root):
        changes[source.path] = tidy(source.path, source.text, rules, project.root)
    table = project.root / PERMISSIONS
    changes[table] = table.read_text() + "".join(permissions(resource))
    return changes


def _created(resource: Resource, project: Project) -> dict[Path, str]:
    versions = project.root / "migrations/versions"
    package = project.root / "app/resources" / resource.names.names
    found = {}
    for number, link in enumerate([None, *resource.links], 1):
        table = resource.link_table(link) if link else resource.name
        path = versions / f"{project.revision(number)}_{table}.py"
        found[path] = filled(
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
        found[package / name] = filled(
            name,
            r=resource,
            line_types=" ".join(sorted(known)),
            own_line_types=list(own.values()),
            unique_sortable=[it for it in resource.sortable if it.is_unique],
        )
    return found
