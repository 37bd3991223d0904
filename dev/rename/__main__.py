"""Rename the project: make rename NAME=clinic-api TITLE="Clinic API" [DATABASE=...] [HOLDER=...].

Changes tracked files only and commits nothing. Refuses to start unless every change is committed,
so that `git checkout .` undoes it.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

from dev.rename.changes import changes
from dev.rename.identity import Identity, check_holder, locked_packages
from dev.system_packages import Stop, say
from dev.write_files import write

MENTIONS = 50  # shown at most
ROOT = Path(__file__).resolve().parents[2]
USAGE = 'make rename NAME=clinic-api TITLE="Clinic API" [DATABASE=clinic] [HOLDER="Clinic Ltd"]'


def main(arguments: list[str]) -> int:
    """Rename the project; on failure, change nothing, print why and return 1."""
    name, title, database, holder = (arguments + [""] * 4)[:4]
    if not name or not title:
        say(f"rename: NAME and TITLE are required: {USAGE}")
        return 2
    try:
        rename(ROOT, name, title, database, holder)
    except Stop as stop:
        say(f"rename: {stop}")
    except OSError as error:
        say(f"rename: {error}; nothing was changed")
    except KeyboardInterrupt:
        say("rename: interrupted; nothing was changed")
        return 130
    else:
        return 0
    return 1


def rename(root: Path, name: str, title: str, database: str, holder: str) -> None:
    """Rename the project in this folder; raise `Stop` before anything is changed."""
    old = Identity.read(root)
    new = Identity.of(name, title, database, locked_packages(root))
    holder = holder or f"The {title} authors"
    check_holder(holder)
    if new == old:
        raise Stop(f"the project already has the name {name}")
    require_clean(root)
    planned = changes(root, old, new, f"Copyright (c) {datetime.now().astimezone().year} {holder}")
    write(planned)
    report(root, old, new, len(planned))


def require_clean(root: Path) -> None:
    """Raise `Stop` unless all tracked files are committed."""
    done = git(root, "status", "--porcelain", "--untracked-files=no")
    if done.returncode:
        raise Stop(
            "the folder is not a git repository, so the changes could not be undone: run "
            "'git init && git add . && git commit -m Start' first"
        )
    if done.stdout:
        count = len(done.stdout.splitlines())
        raise Stop(
            f"{count} files have changes that are not committed, which could not be told from "
            f"those of the rename: run 'git commit' or 'git stash' first:\n{done.stdout.rstrip()}"
        )


def report(root: Path, old: Identity, new: Identity, count: int) -> None:
    """Print what to do next, and where the old names still occur."""
    say(f"rename: {old.name} is now {new.name}; {count} files have changed")
    say("rename: review the changes with 'git diff', undo them with 'git checkout .'")
    say(
        "rename: access tokens and problem types contain the name: if the service is in use, its "
        "users must sign in again, and its clients must expect the new types"
    )
    say(f"rename: 'make serve' will create the database {new.database} beside the existing ones")
    if rest := mentions(root, old, new):
        say("rename: the old name also occurs in these lines, which were not changed:")
        say("\n".join(rest[:MENTIONS]))


def mentions(root: Path, old: Identity, new: Identity) -> list[str]:
    """Return the lines of tracked files that contain an old name as a word."""
    names = sorted({old.name, old.package, old.title}, key=len, reverse=True)
    options = [argument for name in names for argument in ("-e", name)]
    found = git(root, "grep", "-inwFI", *options).stdout.splitlines()
    # The new name may contain the old one: `data` and `data-api`.
    kept = {line: line.replace(new.name, "").replace(new.title, "") for line in found}
    return [line for line, rest in kept.items() if any(name in rest for name in names)]


def git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in this folder."""
    return subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
