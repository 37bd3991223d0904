"""The imports between packages: what is allowed, no cycles, and a self-contained `app.db`."""

import ast
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
APP = PROJECT / "app"

# Each package, and the other packages of `app` it may import.
MAY_IMPORT = {
    "app.service": set(),
    "app.db": set(),
    "app.settings": {"app.service", "app.db"},
    "app.sql": {"app.db"},
    "app.http": {"app.service", "app.settings", "app.sql", "app.db"},
    "app.auth": {"app.service", "app.http", "app.sql", "app.settings", "app.db"},
    "app.operations": {"app.service", "app.http", "app.settings", "app.db"},
    "app.openapi": {"app.service", "app.http"},
    "app.resources": {"app.http", "app.sql", "app.db"},
    "app.urls": {"app.resources", "app.openapi", "app.operations", "app.auth", "app.http"},
    "app": {
        "app.urls", "app.resources", "app.openapi", "app.operations", "app.auth", "app.http",
        "app.settings", "app.db",
    },
}  # fmt: skip
# The resources, and the other resources they may import.
RESOURCES_MAY_IMPORT = {
    "summaries": set(),
    "addresses": set(),
    "countries": set(),
    "subjects": set(),
    "cities": {"summaries"},
    "courses": {"summaries"},
    "enrollments": {"students", "summaries"},
    "campuses": {"addresses", "summaries"},
    "chapters": {"courses", "summaries"},
    "staff": {"addresses", "summaries"},
    "students": {"addresses", "summaries"},
    "assessments": {"chapters", "courses", "summaries"},
    "attempts": {"enrollments", "students", "summaries"},
    "reports": {"courses", "students"},
}
# What the database package may import besides itself and the standard library, by module.
DRIVERS = {
    "app.db.flask": {"flask"},
    "app.db.drivers.pymysql": {"pymysql"},
    "app.db.drivers.pymysql_rows": {"pymysql"},
    "app.db.drivers.mysqlclient": {"MySQLdb"},
    "app.db.strategies.persistent": {"dbutils"},
    "app.db.strategies.pooled": {"dbutils"},
    "app.db.sqlalchemy": {"sqlalchemy"},
    "app.db.strategies.sqlalchemy": {"sqlalchemy"},
    "app.db.strategies.sqlalchemy_session": {"sqlalchemy"},
}
# Only `Database` may call these methods.
TRANSACTION_CONTROL = {"begin", "commit", "rollback"}


def name_of(path):
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(APP.rglob("*.py"))}


@cache
def imports_of(module):
    """Return what a module imports; for `from package import module`, only `package.module`."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            name = resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                inner = f"{name}.{alias.name}"
                found.add(inner if inner in MODULES else name)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def modules_of(module):
    """Return the modules of the application that a module imports."""
    return {name for name in imports_of(module) if name in MODULES} - {module, "app"}


def package_of(module):
    return ".".join(module.split(".")[:2])


def resource_of(module):
    """Return the resource that a module belongs to, or None."""
    parts = module.split(".")
    return parts[2] if parts[:2] == ["app", "resources"] and len(parts) > 2 else None


@pytest.mark.parametrize("module", MODULES)
def test_a_package_imports_only_what_is_allowed(module):
    own = package_of(module)

    assert {package_of(name) for name in modules_of(module)} - {own} <= MAY_IMPORT[own]


@pytest.mark.parametrize("module", [name for name in MODULES if resource_of(name)])
def test_a_resource_imports_only_what_is_allowed(module):
    own = resource_of(module)

    others = {resource_of(name) for name in modules_of(module)} - {own, None}

    assert others <= RESOURCES_MAY_IMPORT[own]


@pytest.mark.parametrize("table", [MAY_IMPORT, RESOURCES_MAY_IMPORT], ids=["packages", "resources"])
def test_there_are_no_cycles_between_packages(table):
    TopologicalSorter(table).prepare()


def test_there_are_no_cycles_between_modules():
    TopologicalSorter({module: modules_of(module) for module in MODULES}).prepare()


def test_a_cycle_is_detected():
    with pytest.raises(CycleError):
        TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()


@pytest.mark.parametrize("module", [name for name in MODULES if package_of(name) == "app.db"])
def test_the_database_package_imports_only_the_standard_library_and_drivers(module):
    roots = {name.partition(".")[0] for name in imports_of(module)}

    assert roots - {"app"} - sys.stdlib_module_names <= DRIVERS.get(module, set())


@pytest.mark.parametrize("module", [name for name in MODULES if package_of(name) == "app.db"])
def test_the_database_package_imports_itself_relatively(module):
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module.partition(".")[0] != "app"


@pytest.mark.parametrize(
    "module", sorted(MODULES.keys() - {"app.db.database", "app.db.transaction_control"})
)
def test_only_database_begins_commits_and_rolls_back(module):
    called = {
        node.func.attr
        for node in ast.walk(ast.parse(MODULES[module].read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }

    assert not called & TRANSACTION_CONTROL
