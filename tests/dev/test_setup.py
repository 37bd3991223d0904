"""`dev/setup.py`: its error messages, and that it installs only what has changed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dev import find_server, setup, system_packages
from dev.system_packages import Stop

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def no_apt(monkeypatch):
    monkeypatch.setattr(system_packages, "can_use_apt", lambda: False)
    monkeypatch.setattr(setup, "can_use_apt", lambda: False)
    monkeypatch.setattr(find_server, "can_use_apt", lambda: False)


@pytest.fixture
def clone(tmp_path):
    """A folder with the lock files and an environment that is recorded as complete."""
    shutil.copytree(PROJECT / "requirements", tmp_path / "requirements")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    record = {name: setup.digest(tmp_path / f"requirements/{name}.txt") for name in ["runtime"]}
    record |= {"python": setup.this_python(), "place": str(tmp_path / ".venv")}
    (tmp_path / ".venv/installed.json").write_text(json.dumps(record))
    return tmp_path


@pytest.fixture
def installed(monkeypatch):
    """The lists that would have been installed."""
    lists = []
    monkeypatch.setattr(setup, "install", lambda _, lock: lists.append(lock.stem))
    monkeypatch.setattr(setup, "ensure_compiler", lambda: None)
    monkeypatch.setattr(setup, "ensure_programs", lambda: None)
    return lists


def test_an_old_python_is_rejected_with_instructions():
    with pytest.raises(Stop, match=r"Python 3\.11 or later .* this is 3\.9: .*make PYTHON="):
        setup.check_python((3, 9))


@pytest.mark.usefixtures("no_apt")
def test_a_missing_venv_module_is_an_error_with_the_command_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)

    with pytest.raises(Stop, match=rf"apt-get install python{setup.this_python()}-venv'"):
        setup.ensure_venv_module()


@pytest.mark.usefixtures("no_apt")
def test_a_missing_compiler_is_an_error_with_the_command_to_type(monkeypatch):
    monkeypatch.setattr(setup, "client_library", lambda: False)

    with pytest.raises(Stop, match=r"apt-get install .*libmariadb-dev"):
        setup.ensure_compiler()


@pytest.mark.usefixtures("no_apt")
def test_a_missing_browser_is_an_error_with_the_command_to_type(monkeypatch):
    monkeypatch.setattr(setup.shutil, "which", lambda name: "/usr/bin/curl" * (name == "curl"))

    with pytest.raises(Stop, match=r"apt-get install chromium chromium-driver'"):
        setup.ensure_programs()


@pytest.mark.usefixtures("no_apt")
def test_a_missing_server_is_an_error_with_all_alternatives(monkeypatch):
    monkeypatch.setattr(find_server, "NAMES", ("no-such-server",))
    find_server.find_server.cache_clear()

    with pytest.raises(Stop, match=r"install one .*docker compose up.*DATABASE_URL=mysql://"):
        find_server.find_server()


def test_a_complete_environment_is_not_changed(clone, installed):
    setup.bring_up_to_date(clone, "runtime")

    assert installed == []


def test_a_list_contained_in_another_is_not_installed(clone, installed):
    setup.bring_up_to_date(clone, "serve")
    setup.bring_up_to_date(clone, "test")
    setup.bring_up_to_date(clone, "test")

    assert installed == ["sample", "dev", "mysqlclient"]


def test_the_benchmarks_have_a_list_in_addition_to_that_of_the_tests(clone, installed):
    setup.bring_up_to_date(clone, "bench")

    assert installed == ["dev", "bench", "mysqlclient"]


def test_the_list_of_the_demo_is_contained_in_that_of_the_tests(clone, installed):
    setup.bring_up_to_date(clone, "demo")
    setup.bring_up_to_date(clone, "test")
    setup.bring_up_to_date(clone, "demo")

    assert installed == ["demo", "dev", "mysqlclient"]


def test_granian_is_installed_on_request(clone, installed):
    setup.bring_up_to_date(clone, "serve")
    setup.bring_up_to_date(clone, "granian")

    assert installed == ["sample", "granian"]


def test_a_changed_lock_file_is_installed(clone, installed):
    with (clone / "requirements/runtime.txt").open("a") as lock:
        lock.write("# changed\n")

    setup.bring_up_to_date(clone, "runtime")

    assert installed == ["runtime"]


def test_an_interrupted_installation_is_repeated_from_the_start(clone, installed, monkeypatch):
    (clone / ".venv/unfinished").touch()
    (clone / ".venv/half-installed").touch()
    created = []
    monkeypatch.setattr(setup, "create_venv", created.append)
    monkeypatch.setattr(setup, "python_of", lambda _: setup.this_python())

    setup.bring_up_to_date(clone, "runtime")

    assert created == [clone / ".venv"]
    assert installed == ["runtime"]
    assert not (clone / ".venv/half-installed").exists()
    assert not (clone / ".venv/unfinished").exists()


def test_the_script_needs_the_standard_library_only():
    command = [sys.executable, "-I", "-S", "dev/setup.py", "nonsense"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    purposes = "runtime, serve, granian, demo, test, bench"
    assert done.stderr == f"setup: unknown purpose 'nonsense'; use one of {purposes}\n"


def test_every_lock_file_has_hashes_and_no_url():
    for lock in (PROJECT / "requirements").glob("*.txt"):
        text = lock.read_text()

        assert text.count(" \\\n    --hash=sha256:") >= text.count("==") > 0
        assert "://" not in text
