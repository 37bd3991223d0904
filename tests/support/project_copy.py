"""A copy of the project, for tests that change its files."""

import os
import shutil
import subprocess
import sys

from tests.support.service import PROJECT

NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", "var", ".*cache", "__pycache__", ".schemathesis", "node_modules"
)


class ProjectCopy:
    """A copy of the project in a folder, which must not exist."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copytree(PROJECT, folder, ignore=NOT_COPIED)

    def run(self, *command, **environment):
        """Run a module of Python in the copy and return its output; it must succeed."""
        completed = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert completed.returncode == 0, completed.stdout[-6000:] + completed.stderr
        return completed.stdout

    def lint(self):
        """Check the Python files that differ from those of the project with ruff."""
        changed = [path for path in self.folder.rglob("*.py") if self._differs(path)]
        self.run("ruff", "check", "--no-cache", *changed)
        self.run("ruff", "format", "--no-cache", "--check", *changed)

    def _differs(self, path):
        original = PROJECT / path.relative_to(self.folder)
        return not original.exists() or original.read_bytes() != path.read_bytes()

    def test(self, *arguments, **environment):
        """Run tests in the copy, and return how many passed."""
        options = ("-q", "-n0", "-p", "no:cacheprovider")
        output = self.run("pytest", *options, *arguments, **environment)
        return int(output.rpartition(" passed")[0].split()[-1])
