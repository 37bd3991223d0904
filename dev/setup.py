"""Make `.venv` and install the locked requirements: python3 dev/setup.py [runtime|serve|test].

`runtime` is what the service needs, `serve` adds what makes the sample data, `test` adds the
tools, a browser, and mysqlclient, which has to be compiled. Run again, it does nothing until a
lock file or the Python changes; an interrupted run is noticed and begun anew.

Standard library only, and nothing newer than Python 3.7 before the version is checked: this
runs under whatever `python3` the machine has.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from dev.system_packages import Stop, apt_command, apt_install, can_use_apt, say

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
# What each purpose installs.
LOCKS = {
    "runtime": ["runtime"],
    "serve": ["runtime", "sample"],
    "test": ["runtime", "sample", "dev", "mysqlclient"],
    "bench": ["runtime", "sample", "bench", "dev", "mysqlclient"],
}
# Each of these lists contains the ones before it.
NESTED = ["runtime", "sample", "dev"]

# Debian's packages, and the programs in them under the names that systems give them.
PROGRAMS = {
    "chromium": ["chromium", "chromium-browser", "google-chrome"],
    "chromium-driver": ["chromedriver"],
    "curl": ["curl"],
}


def main(arguments: list[str]) -> int:
    """Bring `.venv` up to date; 0, or 1 after one line that says what to do."""
    purpose = arguments[0] if arguments else "test"
    if purpose not in LOCKS:
        say(f"setup: '{purpose}' is unknown: use one of {', '.join(LOCKS)}")
        return 2
    try:
        check_python(sys.version_info[:2])
        with_lock(ROOT, purpose)
    except Stop as stop:
        say(f"setup: {stop}")
        return 1
    except PermissionError as error:
        say(f"setup: {error.filename} cannot be written ({error.strerror})")
        return 1
    except KeyboardInterrupt:
        say("setup: interrupted; the next run begins anew")
        return 130
    return 0


def check_python(version: tuple[int, ...]) -> None:
    """Refuse a Python that is too old."""
    if version < OLDEST:
        raise Stop(
            f"Python 3.11 or later is needed, and this is {version[0]}.{version[1]}: "
            "name another one with 'make PYTHON=python3.12 ...'"
        )


def with_lock(root: Path, purpose: str) -> None:
    """Do the work, one process at a time; a second one waits and then finds it done."""
    folder = os.open(str(root / "requirements"), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        bring_up_to_date(root, purpose)
    finally:
        os.close(folder)


def bring_up_to_date(root: Path, purpose: str) -> None:
    """Install what the stamp does not name yet."""
    venv = root / ".venv"
    stamp, unfinished = venv / "installed.json", venv / "unfinished"
    wanted = {name: digest(root / "requirements" / f"{name}.txt") for name in LOCKS[purpose]}
    found = read_stamp(stamp)
    if unfinished.exists():
        say("setup: the last installation was interrupted; beginning anew")
        shutil.rmtree(venv)
        found = {}
    elif found and not usable(venv, found):
        say("setup: .venv belongs to another Python or another folder; making it anew")
        shutil.rmtree(venv)
        found = {}
    missing = [name for name in LOCKS[purpose] if found.get(name) != wanted[name]]
    if purpose == "test":
        provide_programs()
    if not missing:
        return
    if "mysqlclient" in missing:
        provide_compiler()
    if not (venv / "bin" / "python").exists():
        provide_venv_module()
    venv.mkdir(exist_ok=True)
    unfinished.touch()
    make_venv(venv)
    for name in widest(missing):
        install(venv, root / "requirements" / f"{name}.txt")
    found.update(wanted, python=python_of(venv), place=str(venv))
    stamp.write_text(json.dumps(found, indent=1) + "\n")
    unfinished.unlink()


def widest(missing: list[str]) -> list[str]:
    """Leave out the lists that another one contains."""
    nested = [name for name in NESTED if name in missing]
    return nested[-1:] + [name for name in missing if name not in NESTED]


def digest(path: Path) -> str:
    """Give the hash of a lock file."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise Stop(f"{path} is missing: run this in a complete clone") from None


def read_stamp(path: Path) -> dict[str, str]:
    """Give what was installed, nothing where that is not known."""
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}


def usable(venv: Path, found: dict[str, str]) -> bool:
    """Tell whether the environment is whole, in its place, and of the Python that is asked for."""
    python = venv / "bin" / "python"
    if not python.exists() or found.get("place") != str(venv):
        return False
    # Only a Python that was asked for by name replaces a working one.
    return not os.environ.get("PYTHON") or found.get("python", "").startswith(this_python())


def this_python() -> str:
    """Give the version that decides which packages fit."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def python_of(venv: Path) -> str:
    """Ask the environment's own Python for its version."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.check_output([str(venv / "bin" / "python"), "-c", code], text=True).strip()


def provide_venv_module() -> None:
    """Debian keeps venv's half, ensurepip, in a package of its own."""
    try:
        import ensurepip  # noqa: F401, PLC0415
        import venv  # noqa: F401, PLC0415
    except ImportError:
        package = f"python{this_python()}-venv"
        apt_install([package], why=f"this Python ({sys.executable}) has no venv module")


def provide_compiler() -> None:
    """Build what mysqlclient needs: it has no ready-made packages for Linux."""
    needs = {
        "gcc": shutil.which("gcc") or shutil.which("cc"),
        "pkg-config": shutil.which("pkg-config"),
        "libmariadb-dev": client_library(),
        f"python{this_python()}-dev": python_header(),
    }
    missing = [package for package, there in needs.items() if not there]
    if not missing:
        return
    why = "the tests build mysqlclient"
    if sys.platform == "darwin":
        raise Stop(f"{why}: 'brew install mysql-client pkg-config', then try again")
    if not can_use_apt():
        raise Stop(
            f"{why}, and {', '.join(missing)} cannot be installed unasked: "
            f"type '{apt_command(missing)}' (or your system's like), then try again"
        )
    apt_install(missing, why=why)


def provide_programs() -> None:
    """Install what the tests of the documents run: a browser, and curl."""
    missing = [package for package, names in PROGRAMS.items() if not any(map(shutil.which, names))]
    if not missing:
        return
    why = "the tests open /docs in a browser and run the documents' commands"
    if sys.platform == "darwin":
        raise Stop(f"{why}: 'brew install --cask chromium chromedriver', then try again")
    apt_install(missing, why=why)


def client_library() -> bool:
    """Tell whether a MySQL or MariaDB client library can be linked."""
    if os.environ.get("MYSQLCLIENT_LDFLAGS"):
        return True
    names = ["mysqlclient", "mariadb", "libmariadb"]
    return bool(shutil.which("pkg-config")) and any(
        subprocess.run(["pkg-config", "--exists", name], check=False).returncode == 0
        for name in names
    )


def python_header() -> bool:
    """Tell whether this Python's C headers are installed."""
    import sysconfig  # noqa: PLC0415

    return (Path(sysconfig.get_path("include")) / "Python.h").exists()


def make_venv(venv: Path) -> None:
    """Make the environment where it is not there yet."""
    if (venv / "bin" / "python").exists():
        return
    say(f"setup: making .venv with Python {'.'.join(map(str, sys.version_info[:3]))} ...")
    run([sys.executable, "-m", "venv", str(venv)], "the virtual environment cannot be made")


def install(venv: Path, lock: Path) -> None:
    """Install one lock file, its hashes checked."""
    count = sum(1 for line in lock.read_text().splitlines() if "==" in line.split("#")[0])
    verb = "compiling mysqlclient" if lock.stem == "mysqlclient" else f"installing {count} packages"
    say(f"setup: {verb} ...")
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
    pip += ["--disable-pip-version-check", "--no-input", "--requirement", str(lock)]
    run(pip, f"{lock.name} cannot be installed")


def run(command: list[str], failure: str) -> None:
    """Run quietly; what the command said is shown only where it fails."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        say((done.stdout + done.stderr).strip()[-3000:])
        raise Stop(f"{failure} (the reason is above)")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
