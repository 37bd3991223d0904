"""The set-up: what it says where it cannot go on, and that it does nothing twice."""

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
    """The lock files and an environment that is called complete."""
    shutil.copytree(PROJECT / "requirements", tmp_path / "requirements")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    stamp = {name: setup.digest(tmp_path / f"requirements/{name}.txt") for name in ["runtime"]}
    stamp |= {"python": setup.this_python(), "place": str(tmp_path / ".venv")}
    (tmp_path / ".venv/installed.json").write_text(json.dumps(stamp))
    return tmp_path


@pytest.fixture
def installed(monkeypatch):
    """Which lists would have been installed."""
    lists = []
    monkeypatch.setattr(setup, "install", lambda _, lock: lists.append(lock.stem))
    monkeypatch.setattr(setup, "provide_compiler", lambda: None)
    monkeypatch.setattr(setup, "provide_programs", lambda: None)
    return lists


def test_an_old_python_is_refused_with_the_way_to_name_another():
    with pytest.raises(Stop, match=r"Python 3\.11 or later .* this is 3\.9: .*make PYTHON="):
        setup.check_python((3, 9))


@pytest.mark.usefixtures("no_apt")
def test_a_missing_venv_module_names_the_command_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)

    with pytest.raises(Stop, match=rf"apt-get install python{setup.this_python()}-venv'"):
        setup.provide_venv_module()


@pytest.mark.usefixtures("no_apt")
def test_a_missing_compiler_names_the_command_to_type(monkeypatch):
    monkeypatch.setattr(setup, "client_library", lambda: False)

    with pytest.raises(Stop, match=r"apt-get install .*libmariadb-dev"):
        setup.provide_compiler()


@pytest.mark.usefixtures("no_apt")
def test_a_missing_browser_names_the_command_to_type(monkeypatch):
    monkeypatch.setattr(setup.shutil, "which", lambda name: "/usr/bin/curl" * (name == "curl"))

    with pytest.raises(Stop, match=r"apt-get install chromium chromium-driver'"):
        setup.provide_programs()


@pytest.mark.usefixtures("no_apt")
def test_a_missing_server_names_all_choices(monkeypatch):
    monkeypatch.setattr(find_server, "NAMES", ("no-such-server",))
    find_server.find_server.cache_clear()

    with pytest.raises(Stop, match=r"install one .*docker compose up.*DATABASE_URL=mysql://"):
        find_server.find_server()


def test_a_complete_environment_is_left_alone(clone, installed):
    setup.bring_up_to_date(clone, "runtime")

    assert installed == []


def test_a_wider_purpose_installs_only_the_widest_list(clone, installed):
    setup.bring_up_to_date(clone, "serve")
    setup.bring_up_to_date(clone, "test")
    setup.bring_up_to_date(clone, "test")

    assert installed == ["sample", "dev", "mysqlclient"]


def test_the_benchmark_gets_its_own_list_beside_the_tests(clone, installed):
    setup.bring_up_to_date(clone, "bench")

    assert installed == ["dev", "bench", "mysqlclient"]


def test_a_changed_lock_file_is_installed(clone, installed):
    with (clone / "requirements/runtime.txt").open("a") as lock:
        lock.write("# changed\n")

    setup.bring_up_to_date(clone, "runtime")

    assert installed == ["runtime"]


def test_an_interrupted_installation_is_begun_anew(clone, installed, monkeypatch):
    (clone / ".venv/unfinished").touch()
    (clone / ".venv/half-installed").touch()
    made = []
    monkeypatch.setattr(setup, "make_venv", made.append)
    monkeypatch.setattr(setup, "python_of", lambda _: setup.this_python())

    setup.bring_up_to_date(clone, "runtime")

    assert made == [clone / ".venv"]
    assert installed == ["runtime"]
    assert not (clone / ".venv/half-installed").exists()
    assert not (clone / ".venv/unfinished").exists()


def test_the_set_up_needs_nothing_that_is_installed():
    command = [sys.executable, "-I", "-S", "dev/setup.py", "nonsense"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr == "setup: 'nonsense' is unknown: use one of runtime, serve, test, bench\n"


def test_every_lock_file_has_hashes_and_names_no_host():
    for lock in (PROJECT / "requirements").glob("*.txt"):
        text = lock.read_text()

        assert text.count(" \\\n    --hash=sha256:") >= text.count("==") > 0
        assert "://" not in text
