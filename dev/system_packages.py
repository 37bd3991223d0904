"""Install packages of the operating system if no password prompt is needed.

Standard library only: this runs before the virtual environment exists.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


class Stop(Exception):
    """The work cannot continue; the message says how to solve the problem."""


def say(line: str) -> None:
    """Print one line of progress."""
    print(line, file=sys.stderr, flush=True)


def apt_command(packages: list[str]) -> str:
    """Return the command that installs these packages."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install {' '.join(packages)}"


def can_use_apt() -> bool:
    """Return whether apt-get exists and can be used without a password prompt."""
    if not shutil.which("apt-get"):
        return False
    if os.geteuid() == 0:
        return True
    if not shutil.which("sudo"):
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0


def find_program(name: str, *, package: str, why: str) -> str:
    """Return a program's path; if missing, install its Debian package or raise `Stop`."""
    folders = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=folders)
    if found is None:
        apt_install([package], why=why)
        found = shutil.which(name, path=folders)
    if found is None:
        raise Stop(f"{why}, but {package} does not contain {name}")
    return found


def apt_install(packages: list[str], *, why: str) -> None:
    """Install Debian packages; raises `Stop` with the command to type if that is impossible."""
    command = apt_command(packages)
    if not can_use_apt():
        raise Stop(f"{why}: install it with '{command}', then try again")
    say(f"{why}: installing {' '.join(packages)} with apt-get ...")
    install = ["install", "-y", "--no-install-recommends", *packages]
    done = _apt(install)
    if done.returncode:
        # On a new machine the package lists are empty or out of date.
        _apt(["update"])
        done = _apt(install)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        reason = lines[-1] if lines else f"status {done.returncode}"
        raise Stop(f"{why}, but '{command}' failed: {reason}")


def _apt(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    # `env` sets the variables after sudo, which would drop them.
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    command = ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "apt-get", "-q"]
    command += ["-o", "DPkg::Lock::Timeout=300", *arguments]
    return subprocess.run(
        sudo + command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
