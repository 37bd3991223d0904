"""The Dockerfile, the Compose file and the lock files, checked without a container engine."""

import re
import shutil
import subprocess
import sys

import pytest
import yaml

from app.settings import Settings
from app.settings.settings import SPARE_THREADS
from tests.support.service import PROJECT, environment

DOCKERFILE = PROJECT.joinpath("Dockerfile").read_text()
COMPOSE = PROJECT.joinpath("docker-compose.yml").read_text()
SERVICES = yaml.safe_load(COMPOSE)["services"]
SECRETS = ["SECRET_KEY", "MYSQL_PASSWORD", "MYSQL_OWNER_PASSWORD", "MYSQL_ROOT_PASSWORD"]


@pytest.mark.parametrize("name", SECRETS)
def test_compose_has_no_default_for_a_secret(name):
    uses = re.findall(r"\$\{?" + name + r"\b(.{0,2})", COMPOSE)

    assert set(uses) == {":?"}


def test_compose_passes_every_database_setting():
    settings = {name.upper() for name in Settings.model_fields if name.startswith("db_")}

    assert settings <= set(re.findall(r"^  (\w+): \$\{", COMPOSE, re.MULTILINE))


def test_the_stop_timeout_of_compose_exceeds_the_graceful_timeout():
    graceful = re.search(r"GRACEFUL_TIMEOUT_SECONDS: (\d+)", COMPOSE)
    waits = COMPOSE.partition("\n  app:\n")[2]
    grace = re.search(r"stop_grace_period: (\d+)s", waits)

    assert int(grace[1]) > int(graceful[1])


@pytest.mark.parametrize("name", SERVICES)
def test_compose_limits_the_memory_and_the_processes_of_every_service(name):
    service = SERVICES[name]

    assert re.fullmatch(r"[1-9]\d*[mg]", default_of(service["mem_limit"]))
    assert 0 < int(default_of(service["pids_limit"])) <= 512
    assert all(":size=" in mount for mount in service.get("tmpfs", ()))


def test_the_process_limit_of_compose_is_sufficient_for_the_default_threads():
    fields = Settings.model_fields
    threads = (fields["threads"].default + SPARE_THREADS) * fields["web_concurrency"].default

    assert int(default_of(SERVICES["app"]["pids_limit"])) > 2 * threads


def test_compose_matches_the_compose_specification():
    done = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", PROJECT / "docker-compose.yml"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


def test_the_image_contains_everything_the_service_imports(tmp_path):
    stage = re.search(r"^FROM base AS build$(.*?)^FROM", DOCKERFILE, re.MULTILINE | re.DOTALL)[1]
    for sources in re.findall(r"^COPY (.+) \S+$", stage, re.MULTILINE):
        for source in sources.split():
            put(PROJECT / source, tmp_path)

    run(
        tmp_path,
        "-c",
        "import server.granian, wsgi; from app.operations import schema; schema.newest()",
    )
    run(tmp_path, "-m", "gunicorn", "--check-config", "wsgi:app")


def test_every_locked_package_has_a_hash():
    for name in ("runtime", "sample", "granian"):
        lock = PROJECT.joinpath("requirements", f"{name}.txt").read_text()
        packages = re.findall(r"^\w.*(?:\n    --hash=\S+.*)*", lock, re.MULTILINE)

        assert packages
        assert [package for package in packages if "--hash=sha256:" not in package] == []


def default_of(value):
    """Return the default of a value such as `${NAME:-1g}`, or the value itself."""
    return re.sub(r"\$\{\w+:-(.*)\}", r"\1", str(value))


def put(source, folder):
    if source.is_dir():
        shutil.copytree(source, folder / source.name)
    else:
        shutil.copy(source, folder)


def run(folder, *arguments):
    """Run Python with only this folder and the installed packages in its path."""
    kept = environment("mysql://app:secret@127.0.0.1:1/database")
    del kept["PYTHONPATH"]
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=kept,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
