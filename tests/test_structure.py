"""The imports between packages: what is allowed, no cycles, and a self-contained `app.db`.

Also that durations are measured by a monotonic clock.
"""

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
# The modules that may read the wall clock, which may be set at any time.
MAY_READ_THE_WALL_CLOCK = {
    "app/auth/tokens.py": "other replicas compare `iat` and `exp` with their own clocks",
    "app/auth/rate_limit_counters.py": "`limits` adds the time to Redis' seconds; it is subtracted",
    "bench/machine.py": "the date of a measurement",
    "dev/rename/__main__.py": "the year of the copyright line",
}
MEASURING_CODE = (
    *("app", "bench", "deploy", "dev", "examples"),
    *("migrations", "sample_data", "server"),
)
WALL_CLOCK = {
    *(f"time.{name}" for name in ("time", "time_ns", "ctime", "gmtime", "localtime", "strftime")),
    "time.CLOCK_REALTIME",
    *(f"datetime.datetime.{name}" for name in ("now", "today", "utcnow")),
    "datetime.date.today",
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


def wall_clock_names(source):
    """Return the names in `WALL_CLOCK` that a module uses, however they are imported."""
    nodes = list(ast.walk(ast.parse(source)))
    imported = {}
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            imported |= {it.asname or it.name: prefix + it.name for it in node.names}

    def full_name(node):
        if isinstance(node, ast.Attribute):
            return f"{full_name(node.value)}.{node.attr}"
        return imported.get(node.id, "") if isinstance(node, ast.Name) else ""

    return {full_name(node) for node in nodes} & WALL_CLOCK


def test_only_listed_modules_read_the_wall_clock():
    paths = [
        *PROJECT.glob("*.py"),
        *(it for f in MEASURING_CODE for it in (PROJECT / f).rglob("*.py")),
    ]
    reading = {
        path.relative_to(PROJECT).as_posix() for path in paths if wall_clock_names(path.read_text())
    }

    assert reading == MAY_READ_THE_WALL_CLOCK.keys()


@pytest.mark.parametrize(
    "source",
    [
        "import time; time.time()",
        "import time as t; t.time_ns()",
        "from time import time as now; now()",
        "from time import clock_gettime, CLOCK_REALTIME; clock_gettime(CLOCK_REALTIME)",
        "import datetime; datetime.datetime.utcnow()",
        "from datetime import UTC, datetime; datetime.now(UTC)",
        "from datetime import date; key = date.today",
    ],
)
def test_a_use_of_the_wall_clock_is_detected(source):
    assert wall_clock_names(source)


@pytest.mark.parametrize(
    "source", ["import time; time.monotonic()", "from app.db.clock import now"]
)
def test_a_monotonic_clock_is_not_the_wall_clock(source):
    assert not wall_clock_names(source)
