"""Remove what the other targets made in this checkout: python3 dev/clean.py.

Standard library only. Refuses while something of it runs; leaves, and names, what lies outside.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from pathlib import Path

CACHES = (".venv", "var", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis")
LOCKS = ("var/serve.lock", "var/mariadb/lock", "var/mysql/lock")


def main() -> int:
    """Remove it all; 1 where something still runs."""
    for lock in LOCKS:
        if held(Path(lock)):
            print(f"clean: stop 'make serve' first: it runs in this folder ({lock} is held)")
            return 1
    for name in CACHES:
        shutil.rmtree(name, ignore_errors=True)
    for folder in list(Path().rglob("__pycache__")):
        shutil.rmtree(folder, ignore_errors=True)
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    root = Path(cache, "student-data", "mysql-root")
    if root.exists():
        print(f"clean: the MySQL for 'make test-mysql' is kept; remove it with: rm -r {root}")
    return 0


def held(lock: Path) -> bool:
    """Tell whether a live process holds the lock."""
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
