"""The names of the service are defined in `app/service.py` only."""

import tomllib
from pathlib import Path

from app import service
from dev import names

PROJECT = Path(__file__).parents[2]


def test_no_other_module_contains_the_name_of_the_service():
    modules = {*PROJECT.glob("app/**/*.py"), *PROJECT.glob("dev/**/*.py"), *PROJECT.glob("*.py")}
    # Its messages contain an example of a name, which somebody may choose.
    modules -= {*PROJECT.glob("dev/rename/*.py")}
    # A name of one word may occur elsewhere as an ordinary word.
    name = service.NAME if "-" in service.NAME else f'NAME = "{service.NAME}"'

    found = [str(path.relative_to(PROJECT)) for path in modules if name in path.read_text()]

    assert found == ["app/service.py"]


def test_scripts_without_dependencies_have_the_same_names():
    assert (names.NAME, names.DATABASE) == (service.NAME, service.DATABASE)


def test_the_project_and_the_containers_have_the_same_names():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    compose = (PROJECT / "docker-compose.yml").read_text()

    assert project["name"] == service.PACKAGE
    assert f'image.title="{service.TITLE}"' in (PROJECT / "Dockerfile").read_text()
    assert f"\nname: {service.NAME}\n" in compose
    assert f"MYSQL_DATABASE: {service.DATABASE}\n" in compose
