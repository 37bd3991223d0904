"""The code blocks of docs/adding-a-resource.md: python -m dev.new_resource.page updates them.

The page contains the command; each block below the name of a file that the command writes is
replaced by what it writes.
"""

import re
from difflib import SequenceMatcher
from pathlib import Path

from dev.new_resource.generate import generate
from dev.new_resource.names import Names
from dev.new_resource.project import Project
from dev.new_resource.resource import Resource

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/adding-a-resource.md"
COMMAND = re.compile(r"make resource NAME=(\w+) COLUMNS='([^']+)'")
BLOCK = re.compile(
    r"^(?P<heading>(?:In |At the end of )?`(?P<path>[\w/.]+)`:\n\n```\w+\n).*?```",
    re.DOTALL | re.MULTILINE,
)


def updated(text: str, root: Path) -> str:
    """Return the page with the code that its command generates in this project."""
    blocks = generated(text, root)
    replaced = set()

    def block(found: re.Match[str]) -> str:
        path = _without_number(found["path"])
        if path not in blocks:
            return found[0]
        replaced.add(path)
        new, code = blocks[path]
        return f"{found['heading'].replace(found['path'], new)}{code}```"

    text = BLOCK.sub(block, text)
    if missing := blocks.keys() - replaced:
        raise ValueError(f"{PAGE} has no block for {', '.join(sorted(missing))}")
    return text


def generated(text: str, root: Path) -> dict[str, tuple[str, str]]:
    """Return the path and the code of each block, by the path without the number of a revision."""
    found = COMMAND.search(text)
    if not found:
        raise ValueError(f"{PAGE} contains no command")
    project = Project(root)
    resource = Resource.parse(Names.of(found[1]), found[2].split(), project)
    blocks = {}
    for path, new in generate(resource, project, for_page=True).items():
        old = path.read_text() if path.exists() and _is_edited(path, resource) else ""
        name = path.relative_to(root).as_posix()
        blocks[_without_number(name)] = name, _added(old, new or "")
    return blocks


def _is_edited(path: Path, resource: Resource) -> bool:
    return path.parent.name != resource.names.names


def _added(old: str, new: str) -> str:
    """Return the lines that were added; an empty line separates those at different places."""
    before, after = old.splitlines(), new.splitlines()
    matcher = SequenceMatcher(a=before, b=after, autojunk=False)
    added = [after[start:end] for tag, *_, start, end in matcher.get_opcodes() if tag != "equal"]
    parts = ["\n".join(lines).strip("\n") for lines in added if any(lines)]
    return "\n\n".join(parts) + "\n"


def _without_number(path: str) -> str:
    return re.sub(r"/\d{4}_", "/NNNN_", path)


if __name__ == "__main__":
    page = ROOT / PAGE
    page.write_text(updated(page.read_text(), ROOT))
