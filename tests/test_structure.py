"""Imports point one way: resources, queries, db; settings and the words of errors are leaves."""

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
MODULES = sorted((PROJECT / "app").rglob("*.py"))

# What a module whose path begins so must not import.
FORBIDDEN = {
    "app/db/": {"flask", "app.http", "app.errors", "app.api", "app.auth", "app.operations"},
    "app/db/strategies/": {"pymysql", "MySQLdb", "app.db.database"},
    "app/settings.py": {"flask", "app.http", "app.errors", "app.db.database", "app.db.connector"},
    "app/database_url.py": {"app"},
    "app/http/": {"app.api", "app.errors", "app.students", "app.cities", "app.attempts"},
}
QUERIES = {"flask", "app.http", "app.errors", "app.api"}


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def forbidden_for(name):
    found = {word for start, words in FORBIDDEN.items() if name.startswith(start) for word in words}
    return found | (QUERIES if name.endswith("/queries.py") else set())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_imports_point_one_way(path):
    forbidden = forbidden_for(str(path.relative_to(PROJECT)))

    wrong = {
        module
        for module in imports_of(path)
        for word in forbidden
        if module == word or module.startswith(word + ".")
    }

    assert wrong == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_only_the_database_begins_commits_and_rolls_back(path):
    if path.name == "database.py" and path.parent.name == "db":
        return
    called = {
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }

    assert not called & {"begin", "commit", "rollback"}
