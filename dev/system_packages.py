"""Packages of the operating system: installed where that can be done unasked.

Standard library only: this runs before the virtual environment exists.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


class Stop(Exception):
    """The work cannot go on; the message is one line that says what to type."""


def say(line: str) -> None:
    """Show one line of progress at once."""
    print(line, file=sys.stderr, flush=True)


def apt_command(packages: list[str]) -> str:
    """Give the command a person would type."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install {' '.join(packages)}"


def can_use_apt() -> bool:
    """Tell whether apt-get is there and may be used without a question."""
    if not shutil.which("apt-get"):
        return False
    if os.geteuid() == 0:
        return True
    if not shutil.which("sudo"):
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0


def find_program(name: str, *, package: str, why: str) -> str:
    """Give a program's path; installs its Debian package where it is missing, or raises `Stop`."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=places)
    if found is None:
        apt_install([package], why=why)
        found = shutil.which(name, path=places)
    if found is None:
        raise Stop(f"{why}, and {package} has no {name}")
    return found


def apt_install(packages: list[str], *, why: str) -> None:
    """Install Debian packages without a question; raises `Stop` naming the command otherwise."""
    typed = apt_command(packages)
    if not can_use_apt():
        raise Stop(f"{why}: install it with '{typed}', then try again")
    say(f"{why}: installing {' '.join(packages)} with apt-get ...")
    install = ["install", "-y", "--no-install-recommends", *packages]
    done = _apt(install)
    if done.returncode:
        # A fresh machine's package lists are empty or out of date.
        _apt(["update"])
        done = _apt(install)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        reason = lines[-1] if lines else f"status {done.returncode}"
        raise Stop(f"{why}, and '{typed}' failed: {reason}")


def _apt(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    # `env` sets the variable behind sudo, which would drop it.
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    command = ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "apt-get", "-q"]
    command += ["-o", "DPkg::Lock::Timeout=300", *arguments]
    return subprocess.run(
        sudo + command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
