"""Create `.venv` and install the locked requirements: python3 dev/setup.py [PURPOSE].

`runtime` installs what the service needs; `serve` adds the sample data generator, `granian` also
the server of that name, and `demo` Rich; `test` adds the developer tools, a browser and
mysqlclient, which must be compiled; `bench` adds the benchmarks.
A later run does nothing until a lock file or the Python version changes. An interrupted run is
detected and repeated from the start.

Standard library only, and compatible with Python 3.7 until the version is checked: it runs under
any `python3`. It uses pip, not uv: uv would have to be installed by pip first, and ignores
pip.conf, which may name a mirror or a certificate.
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
# The lock files of each purpose.
LOCKS = {
    "runtime": ["runtime"],
    "serve": ["runtime", "sample"],
    "granian": ["runtime", "sample", "granian"],
    "demo": ["runtime", "sample", "demo"],
    "test": ["runtime", "sample", "demo", "dev", "mysqlclient"],
    "bench": ["runtime", "sample", "demo", "bench", "dev", "mysqlclient"],
}
# Each of these lists contains the ones before it.
NESTED = ["runtime", "sample", "demo", "dev"]

# Debian packages, and the names of their program on different systems.
PROGRAMS = {
    "chromium": ["chromium", "chromium-browser", "google-chrome"],
    "chromium-driver": ["chromedriver"],
    "curl": ["curl"],
}


def main(arguments: list[str]) -> int:
    """Bring `.venv` up to date; on failure, print what to do and return 1."""
    purpose = arguments[0] if arguments else "test"
    if purpose not in LOCKS:
        say(f"setup: unknown purpose '{purpose}'; use one of {', '.join(LOCKS)}")
        return 2
    try:
        check_python(sys.version_info[:2])
        with_lock(ROOT, purpose)
    except Stop as stop:
        say(f"setup: {stop}")
        return 1
    except PermissionError as error:
        say(f"setup: cannot write {error.filename} ({error.strerror})")
        return 1
    except KeyboardInterrupt:
        say("setup: interrupted; the next run starts from the beginning")
        return 130
    return 0


def check_python(version: tuple[int, ...]) -> None:
    """Raise `Stop` if this Python is too old."""
    if version < OLDEST:
        raise Stop(
            f"Python 3.11 or later is required; this is {version[0]}.{version[1]}: "
            "select another one with 'make PYTHON=python3.12 ...'"
        )


def with_lock(root: Path, purpose: str) -> None:
    """Run `bring_up_to_date` in one process at a time; others wait and find the work done."""
    folder = os.open(str(root / "requirements"), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        bring_up_to_date(root, purpose)
    finally:
        os.close(folder)


def bring_up_to_date(root: Path, purpose: str) -> None:
    """Install the lock files that are not recorded as installed."""
    venv = root / ".venv"
    record, unfinished = venv / "installed.json", venv / "unfinished"
    wanted = {name: digest(root / "requirements" / f"{name}.txt") for name in LOCKS[purpose]}
    found = read_record(record)
    if unfinished.exists():
        say("setup: the last installation was interrupted; starting from the beginning")
        shutil.rmtree(venv)
        found = {}
    elif found and not usable(venv, found):
        say("setup: .venv belongs to another Python or folder; recreating it")
        shutil.rmtree(venv)
        found = {}
    missing = [name for name in LOCKS[purpose] if found.get(name) != wanted[name]]
    if purpose == "test":
        ensure_programs()
    if not missing:
        return
    if "mysqlclient" in missing:
        ensure_compiler()
    if not (venv / "bin" / "python").exists():
        ensure_venv_module()
    venv.mkdir(exist_ok=True)
    unfinished.touch()
    create_venv(venv)
    for name in without_contained(missing):
        install(venv, root / "requirements" / f"{name}.txt")
    found.update(wanted, python=python_of(venv), place=str(venv))
    record.write_text(json.dumps(found, indent=1) + "\n")
    unfinished.unlink()


def without_contained(missing: list[str]) -> list[str]:
    """Remove the lists that another missing list contains."""
    nested = [name for name in NESTED if name in missing]
    return nested[-1:] + [name for name in missing if name not in NESTED]


def digest(path: Path) -> str:
    """Return the hash of a lock file."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise Stop(f"{path} is missing: the checkout is incomplete") from None


def read_record(path: Path) -> dict[str, str]:
    """Return the recorded installation; empty if it is unknown."""
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}


def usable(venv: Path, found: dict[str, str]) -> bool:
    """Return whether the environment is in its original folder and has the requested Python."""
    python = venv / "bin" / "python"
    if not python.exists() or found.get("place") != str(venv):
        return False
    # Only an explicit PYTHON=... replaces a working environment.
    return not os.environ.get("PYTHON") or found.get("python", "").startswith(this_python())


def this_python() -> str:
    """Return this Python's minor version, which determines the compatible packages."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def python_of(venv: Path) -> str:
    """Return the minor version of the environment's Python."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.check_output([str(venv / "bin" / "python"), "-c", code], text=True).strip()


def ensure_venv_module() -> None:
    """Install Python's venv module if missing: Debian ships ensurepip in a separate package."""
    try:
        import ensurepip  # noqa: F401, PLC0415
        import venv  # noqa: F401, PLC0415
    except ImportError:
        package = f"python{this_python()}-venv"
        apt_install([package], why=f"this Python ({sys.executable}) has no venv module")


def ensure_compiler() -> None:
    """Install what compiling mysqlclient requires: it has no wheels for Linux."""
    needs = {
        "gcc": shutil.which("gcc") or shutil.which("cc"),
        "pkg-config": shutil.which("pkg-config"),
        "libmariadb-dev": client_library(),
        f"python{this_python()}-dev": python_header(),
    }
    missing = [package for package, found in needs.items() if not found]
    if not missing:
        return
    why = "the tests build mysqlclient"
    if sys.platform == "darwin":
        raise Stop(f"{why}: 'brew install mysql-client pkg-config', then try again")
    if not can_use_apt():
        raise Stop(
            f"{why}, which requires {', '.join(missing)}: install them with "
            f"'{apt_command(missing)}' (or your system's equivalent), then try again"
        )
    apt_install(missing, why=why)


def ensure_programs() -> None:
    """Install the programs that the documentation tests run: a browser and curl."""
    missing = [package for package, names in PROGRAMS.items() if not any(map(shutil.which, names))]
    if not missing:
        return
    why = "the tests open /docs in a browser and run the documents' commands"
    if sys.platform == "darwin":
        raise Stop(f"{why}: 'brew install --cask chromium chromedriver', then try again")
    apt_install(missing, why=why)


def client_library() -> bool:
    """Return whether a MySQL or MariaDB client library can be linked."""
    if os.environ.get("MYSQLCLIENT_LDFLAGS"):
        return True
    names = ["mysqlclient", "mariadb", "libmariadb"]
    return bool(shutil.which("pkg-config")) and any(
        subprocess.run(["pkg-config", "--exists", name], check=False).returncode == 0
        for name in names
    )


def python_header() -> bool:
    """Return whether this Python's C headers are installed."""
    import sysconfig  # noqa: PLC0415

    return (Path(sysconfig.get_path("include")) / "Python.h").exists()


def create_venv(venv: Path) -> None:
    """Create the environment unless it exists."""
    if (venv / "bin" / "python").exists():
        return
    say(f"setup: creating .venv with Python {'.'.join(map(str, sys.version_info[:3]))} ...")
    run([sys.executable, "-m", "venv", str(venv)], "cannot create the virtual environment")


def install(venv: Path, lock: Path) -> None:
    """Install one lock file and verify its hashes."""
    count = sum(1 for line in lock.read_text().splitlines() if "==" in line.split("#")[0])
    verb = "compiling mysqlclient" if lock.stem == "mysqlclient" else f"installing {count} packages"
    say(f"setup: {verb} ...")
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
    pip += ["--disable-pip-version-check", "--no-input", "--requirement", str(lock)]
    run(pip, f"cannot install {lock.name}")


def run(command: list[str], failure: str) -> None:
    """Run a command; its output is shown only if it fails."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        say((done.stdout + done.stderr).strip()[-3000:])
        raise Stop(f"{failure} (see the output above)")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
