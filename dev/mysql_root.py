"""Make and keep a folder with a real MySQL server, for `make test-mysql`: python -m dev.mysql_root.

Debian's stable releases have only MariaDB; its unstable one has MySQL. So a minimal unstable
system is made once, in the user's cache folder, and the server is run inside it with chroot.
Root only. Prints the folder; status 3 means that it cannot be made here.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from dev.server_binary import ServerBinary
from dev.system_packages import Stop, apt_install, say

CANNOT_BE_MADE = 3
DATA_PREFIX = "private-server-"
CLAIM = "claim"
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"


def place() -> Path:
    """Give the folder: MYSQL_ROOT, or one in the user's cache."""
    if given := os.environ.get("MYSQL_ROOT"):
        return Path(given)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache, "student-data", "mysql-root")


def server_in(root: Path, name: str = "mysqld") -> ServerBinary:
    """Give the server of a finished root; raises `Stop` otherwise."""
    if os.geteuid() != 0:
        raise Stop(f"running {name} in {root} takes root, which chroot needs: use sudo")
    if not (root / "usr/sbin" / name).exists():
        raise Stop(f"no {name} in {root}: make one for MySQL with 'make test-mysql'")
    return ServerBinary.examine(f"/usr/sbin/{name}", root)


def ensure(root: Path) -> ServerBinary:
    """Make the root where it is missing or half-made; raises `Stop` where that is impossible."""
    root.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(root.parent, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.geteuid() == 0:
            try:
                return server_in(root)
            except Stop:
                _make(root)
        return server_in(root)
    finally:
        os.close(lock)


def new_folder(root: Path) -> tuple[Path, int]:
    """Make a folder for a server's data, and a claim on it: a descriptor to be kept open.

    A server that is stopped for a while does not hold its lock, and its data are still wanted.
    """
    _sweep(root)
    folder = Path(tempfile.mkdtemp(prefix=DATA_PREFIX, dir=root / "srv"))
    part = folder / f"{CLAIM}.part"
    claim = os.open(part, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(claim, fcntl.LOCK_EX)
    part.rename(folder / CLAIM)  # nobody sees a claim that is not held
    return folder, claim


def _sweep(root: Path) -> None:
    """Remove the data of servers whose process was killed before it could."""
    for folder in (root / "srv").glob(f"{DATA_PREFIX}*"):
        with ExitStack() as held, suppress(FileNotFoundError, BlockingIOError):
            for name, flags in ((CLAIM, os.O_RDWR), ("lock", os.O_RDWR | os.O_CREAT)):
                lock = os.open(folder / name, flags, 0o600)
                held.callback(os.close, lock)
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


def _make(root: Path) -> None:
    if not shutil.which("debootstrap"):
        apt_install(["debootstrap"], why="the tests on MySQL need a Debian unstable system")
    say(f"making a Debian unstable system with MySQL in {root}, once (half a minute, 700 MB) ...")
    part = root.with_name(f"{root.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    _run(["debootstrap", "--variant=minbase", "--include=ca-certificates", "sid", str(part)])
    for name in ("etc/resolv.conf", "etc/hosts", CERTIFICATES):
        if Path("/", name).exists():
            shutil.copyfile(Path("/", name), part / name)
    install = "apt-get install -q -y --no-install-recommends mysql-server-core"
    _run(["chroot", str(part), "env", "DEBIAN_FRONTEND=noninteractive", *install.split()])
    ServerBinary.examine("/usr/sbin/mysqld", part)
    if root.exists():  # half-made by an earlier hand
        root.rename(root.with_name(f"{root.name}.old"))
    part.rename(root)
    shutil.rmtree(root.with_name(f"{root.name}.old"), ignore_errors=True)


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()[-5:]
        raise Stop("\n".join([f"'{' '.join(command[:2])} ...' failed:", *said]))


def main() -> int:
    """Make it and print where it is."""
    root = place()
    try:
        server = ensure(root)
    except (Stop, OSError) as stop:
        say(f"MySQL: {stop}")
        return CANNOT_BE_MADE
    say(f"MySQL {server.version} in {root}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
