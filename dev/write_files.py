"""Writes several files, or none of them. Standard library only."""

from __future__ import annotations

from pathlib import Path

# The new text of each file; None for a file to remove.
Changes = dict[Path, "str | None"]


def write(planned: Changes) -> None:
    """Write all changes; after an error or Ctrl-C, restore every file and raise it again."""
    before = {path: path.read_bytes() if path.exists() else None for path in planned}
    folders: list[Path] = []
    try:
        for path, text in planned.items():
            if text is None:
                path.unlink()
            else:
                folders += _create_folders(path.parent)
                path.write_text(text)
    except BaseException:
        for path, content in before.items():
            if content is None:
                path.unlink(missing_ok=True)
            elif not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)
        for folder in reversed(folders):
            folder.rmdir()
        raise


def _create_folders(folder: Path) -> list[Path]:
    """Create a folder and its parents; return those that did not exist, outermost first."""
    missing = [it for it in [folder, *folder.parents] if not it.exists()][::-1]
    folder.mkdir(parents=True, exist_ok=True)
    return missing
