"""Find a MariaDB or MySQL server program, or install MariaDB if no password prompt is needed."""

import glob
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from dev.server_binary import ServerBinary
from dev.system_packages import Stop, apt_command, apt_install, can_use_apt, say

NAMES = ("mariadbd", "mysqld")
# Servers are installed in folders that are not in an ordinary user's PATH.
FOLDERS = (
    "/usr/sbin",
    "/usr/libexec",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/local/mysql/bin",
    "/opt/homebrew/bin",
    "/usr/local/opt/mariadb*/bin",
    "/opt/homebrew/opt/mariadb*/bin",
)
PACKAGE = "mariadb-server-core"


@cache
def find_server() -> ServerBinary:
    """Return the server program, preferring MariaDB; raises `Stop` that lists the alternatives."""
    found = _first_usable()
    if found is None:
        _install()
        found = _first_usable()
    if found is None:
        raise Stop(_alternatives())
    return found


def _first_usable() -> ServerBinary | None:
    folders = [*os.get_exec_path(), *(match for text in FOLDERS for match in glob.glob(text))]
    for name in NAMES:
        for folder in folders:
            if os.access(Path(folder, name), os.X_OK):
                try:
                    return ServerBinary.examine(str(Path(folder, name)))
                except Stop as unusable:
                    say(f"skipped: {unusable}")
    return None


def _install() -> None:
    if sys.platform == "darwin" and shutil.which("brew"):
        say("no database server on this machine: installing mariadb with brew ...")
        subprocess.run(["brew", "install", "--quiet", "mariadb"], check=False)
    elif can_use_apt():
        apt_install([PACKAGE], why="no database server on this machine")


def _alternatives() -> str:
    if sys.platform == "darwin":
        command = "brew install mariadb"
    elif shutil.which("apt-get"):
        command = apt_command([PACKAGE])
    elif shutil.which("dnf"):
        command = "sudo dnf install mariadb-server"
    else:
        command = "your system's package of MariaDB 10.5 or later"
    return (
        f"no database server on this machine: install one ({command}), "
        "start everything in containers (docker compose up), "
        "or use an existing server (DATABASE_URL=mysql://user:password@host:port/name)"
    )
