"""The database package outside this project: copied under another name, and installed."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from pathlib import Path

import pymysql
import pytest
from flask import Flask

from app.db import ConfigError
from app.db.flask import FlaskDatabase
from app.db.strategies import STRATEGIES
from tests.support.database import connections_of, query
from tests.support.service import PROJECT

PACKAGE = PROJECT / "app" / "db"
README = PACKAGE / "README.md"
NAME = "mysql_keepalive"
SCRIPT = """
import sys
from {name} import Database, __all__

database = Database.from_url(sys.argv[1], strategy=sys.argv[2])
with database.transaction() as tx:
    tx.execute("INSERT INTO word (word) VALUES (%s)", ("copied",))
with database.connection() as connection, connection.cursor() as cursor:
    cursor.execute("SELECT COUNT(*) FROM word")
    count = cursor.fetchone()[0]
print(database.fetch_one("SELECT word FROM word")["word"], count)
database.close()
"""
WITHOUT_EXTRAS = [name for name in STRATEGIES if name not in {"persistent", "pooled"}]
WITHOUT_EXTRAS = [name for name in WITHOUT_EXTRAS if not name.startswith("sqlalchemy")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel that pip builds of the folder."""
    folder = tmp_path_factory.mktemp("package")
    source = shutil.copytree(PACKAGE, folder / "db", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture
def only_pymysql(tmp_path):
    """A folder of modules with PyMySQL and nothing else."""
    shutil.copytree(Path(pymysql.__file__).parent, tmp_path / "pymysql")
    return tmp_path


def run_without_site_packages(folder, script, *arguments):
    """Run a script that sees the standard library and the modules in a folder."""
    command = [sys.executable, "-S", "-c", script, *arguments]
    environment = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("strategy", WITHOUT_EXTRAS)
def test_a_copy_under_another_name_needs_pymysql_only(strategy, only_pymysql, url, root):
    shutil.copytree(PACKAGE, only_pymysql / "storage")

    done = run_without_site_packages(only_pymysql, SCRIPT.format(name="storage"), url, strategy)

    assert (done.stdout, done.stderr) == ("copied 1\n", "")


def test_an_installed_package_needs_pymysql_only(wheel, only_pymysql, url, root):
    zipfile.ZipFile(wheel).extractall(only_pymysql)

    done = run_without_site_packages(only_pymysql, SCRIPT.format(name=NAME), url, "adaptive")

    assert (done.stdout, done.stderr) == ("copied 1\n", "")


def test_a_missing_extra_is_named(only_pymysql, url):
    shutil.copytree(PACKAGE, only_pymysql / "storage")

    done = run_without_site_packages(only_pymysql, SCRIPT.format(name="storage"), url, "pooled")

    assert "ConfigError: strategy='pooled': cannot import storage.strategies.pooled" in done.stderr
    assert "No module named 'dbutils'" in done.stderr


def test_the_wheel_has_every_module_and_its_types(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {f"{NAME}/{path.relative_to(PACKAGE)}" for path in PACKAGE.rglob("*.py")}

    assert {*modules, f"{NAME}/py.typed"} <= names


def test_the_wheel_requires_pymysql_only(wheel):
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
    written = message_from_string(archive.read(name).decode())
    required = [line for line in written.get_all("Requires-Dist") if "extra ==" not in line]

    assert [re.split(r"\W", line)[0] for line in required] == ["pymysql"]


def test_both_projects_have_the_same_version():
    versions = [
        tomllib.loads(path.read_text())["project"]["version"]
        for path in (PROJECT / "pyproject.toml", PACKAGE / "pyproject.toml")
    ]

    assert len(set(versions)) == 1


def test_the_code_in_its_readme_runs(server, migrated, monkeypatch, tmp_path):
    url = server.create_sample_database()
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    example = "mysql://app:secret@127.0.0.1/students"
    assert example in code
    (tmp_path / NAME).symlink_to(PACKAGE)
    monkeypatch.syspath_prepend(tmp_path)
    names = {}

    exec(compile(code.replace(example, url), README.name, "exec"), names)

    names["database"].close()
    assert names["student"]["student_id"] == 7
    assert names["enrollment_id"] > 0
    assert names["count"] == 600


@pytest.fixture
def flask_app(url):
    """An application with the extension, and one view."""
    application = Flask("existing")
    application.config |= {"DATABASE_URL": url, "DATABASE_OPTIONS": {"strategy": "per_request"}}
    db = FlaskDatabase(application)

    @application.get("/")
    def count():
        return str(db.fetch_one("SELECT COUNT(*) AS number FROM word")["number"])

    yield application
    application.extensions["database"].close()


def test_the_flask_extension_serves_requests_and_ends_them(flask_app, root, url):
    query(root, "INSERT INTO word (word) VALUES ('one')")

    assert flask_app.test_client().get("/").text == "1"
    own = {query(root, "SELECT CONNECTION_ID()")[0][0]}
    assert connections_of(root, url) <= own  # per_request closes it when the request ends


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({}, KeyError),
        ({"DATABASE_URL": "postgres://nowhere"}, ConfigError),
        ({"DATABASE_URL": "mysql://a:b@c/d", "DATABASE_OPTIONS": {"pool_size": 0}}, ConfigError),
        ({"DATABASE_URL": "mysql://a:b@c/d", "DATABASE_OPTIONS": {"poolsize": 4}}, ConfigError),
    ],
)
def test_the_flask_extension_rejects_a_bad_configuration(config, error):
    application = Flask("existing")
    application.config |= config

    with pytest.raises(error):
        FlaskDatabase().init_app(application)
