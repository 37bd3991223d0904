"""Create and keep a real MySQL server for `make test-mysql`: python -m dev.mysql_root.

Debian's stable releases have only MariaDB; unstable has MySQL. A minimal unstable system is
created once in the user's cache folder, and the server runs inside it with chroot. Requires root.
Exit status 3: it cannot be created on this machine.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from dev.names import cache_folder
from dev.server_binary import ServerBinary
from dev.system_packages import Stop, apt_install, say

CANNOT_BE_CREATED = 3
DATA_PREFIX = "private-server-"
CLAIM = "claim"
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"


def root_folder() -> Path:
    """Return MYSQL_ROOT, or a folder in the user's cache."""
    return Path(os.environ.get("MYSQL_ROOT") or cache_folder() / "mysql-root")


def server_in(root: Path, name: str = "mysqld") -> ServerBinary:
    """Return the server in a complete root; raises `Stop` if there is none."""
    if os.geteuid() != 0:
        raise Stop(f"running {name} in {root} requires root privileges for chroot: use sudo")
    if not (root / "usr/sbin" / name).exists():
        raise Stop(f"no {name} in {root}: 'make test-mysql' creates one for MySQL")
    return ServerBinary.examine(f"/usr/sbin/{name}", root)


def ensure(root: Path) -> ServerBinary:
    """Create the root if it is missing or incomplete; raises `Stop` if that is impossible."""
    root.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(root.parent, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.geteuid() == 0:
            try:
                return server_in(root)
            except Stop:
                _create(root)
        return server_in(root)
    finally:
        os.close(lock)


def new_folder(root: Path) -> tuple[Path, int]:
    """Create a folder for a server's data; return it and a descriptor that must stay open.

    The descriptor marks the folder as in use: a server that is stopped temporarily does not hold
    its lock, but its data must be kept.
    """
    _remove_abandoned(root)
    folder = Path(tempfile.mkdtemp(prefix=DATA_PREFIX, dir=root / "srv"))
    part = folder / f"{CLAIM}.part"
    claim = os.open(part, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(claim, fcntl.LOCK_EX)
    part.rename(folder / CLAIM)  # only a locked claim becomes visible
    return folder, claim


def _remove_abandoned(root: Path) -> None:
    """Remove the data of servers whose owner was killed before it removed them."""
    for folder in (root / "srv").glob(f"{DATA_PREFIX}*"):
        with ExitStack() as held, suppress(FileNotFoundError, BlockingIOError):
            for name, flags in ((CLAIM, os.O_RDWR), ("lock", os.O_RDWR | os.O_CREAT)):
                lock = os.open(folder / name, flags, 0o600)
                held.callback(os.close, lock)
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


def _create(root: Path) -> None:
    if not shutil.which("debootstrap"):
        apt_install(["debootstrap"], why="the tests on MySQL need a Debian unstable system")
    say(f"creating a Debian unstable system with MySQL in {root} (once; 30 s, 700 MB) ...")
    part = root.with_name(f"{root.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    _run(["debootstrap", "--variant=minbase", "--include=ca-certificates", "sid", str(part)])
    for name in ("etc/resolv.conf", "etc/hosts", CERTIFICATES):
        if Path("/", name).exists():
            shutil.copyfile(Path("/", name), part / name)
    install = "apt-get install -q -y --no-install-recommends mysql-server-core"
    _run(["chroot", str(part), "env", "DEBIAN_FRONTEND=noninteractive", *install.split()])
    ServerBinary.examine("/usr/sbin/mysqld", part)
    if root.exists():  # incomplete
        root.rename(root.with_name(f"{root.name}.old"))
    part.rename(root)
    shutil.rmtree(root.with_name(f"{root.name}.old"), ignore_errors=True)


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        output = (done.stdout + done.stderr).strip().splitlines()[-5:]
        raise Stop("\n".join([f"'{' '.join(command[:2])} ...' failed:", *output]))


def main() -> int:
    """Create the root if necessary and print its path."""
    root = root_folder()
    try:
        server = ensure(root)
    except (Stop, OSError) as stop:
        say(f"MySQL: {stop}")
        return CANNOT_BE_CREATED
    say(f"MySQL {server.version} in {root}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
