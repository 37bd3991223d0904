"""Remove everything that other make targets created in this checkout: python3 -m dev.clean.

Standard library only. Does nothing while the service or its private server is running. Folders
outside the checkout are reported, not removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from pathlib import Path

from dev.names import cache_folder

CACHES = (".venv", "var", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis")
LOCKS = ("var/serve.lock", "var/mariadb/lock", "var/mysql/lock", "var/demo/lock")


def main() -> int:
    """Remove the created folders; return 1 if something is still running."""
    for lock in LOCKS:
        if is_locked(Path(lock)):
            print(f"clean: stop the service first: it is running in this folder ({lock} is held)")
            return 1
    for name in CACHES:
        shutil.rmtree(name, ignore_errors=True)
    for folder in list(Path().rglob("__pycache__")):
        shutil.rmtree(folder, ignore_errors=True)
    mysql_root = cache_folder() / "mysql-root"
    if mysql_root.exists():
        print(f"clean: MySQL for 'make test-mysql' was kept; remove it with: rm -r {mysql_root}")
    return 0


def is_locked(lock: Path) -> bool:
    """Return whether a running process holds the lock."""
    try:
        descriptor = os.open(str(lock), os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


if __name__ == "__main__":
    sys.exit(main())
