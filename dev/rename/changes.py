"""What a rename changes: the files that repeat the names, and the pages about the old project.

Each text to replace is listed with its context, since a name such as `api` may be an ordinary word
elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

from dev.rename.identity import Identity
from dev.write_files import Changes

# Files, and the texts in them that contain a name.
REPEATED = {
    "app/service.py": [
        'NAME = "{name}"',
        'TITLE = "{title}"',
        'PACKAGE = "{package}"',
        'DATABASE = "{database}"',
    ],
    "pyproject.toml": ['\nname = "{package}"\n'],
    "requirements/*.txt": [" {package} (pyproject.toml"],
    "Dockerfile": ['image.title="{title}"'],
    "docker-compose*.yml": [
        "\nname: {name}\n",
        "\nname: {name}-",
        ":3306/{database}\n",
        " ON `{database}`.*",
        "MYSQL_DATABASE: {database}\n",
        "MARIADB_DATABASE: {database}\n",
    ],
    "deploy/**/*": [
        "urn:{name}:",
        "job_name: {name}\n",
        "- name: {name}\n",
        'job="{name}"',
        "job: {name},",
        "job: {name}}}",
    ],
    ".env.example": [":3306/{database}\n"],
    "README.md": ["# {title}\n"],
    "docs/configuration.md": [":3306/{database}`"],
    "docs/api.md": ["urn:{name}:"],
    "docs/bulk.md": ["urn:{name}:"],
    "docs/deployment.md": [
        " ON `{database}`.*",
        "Description={title}\n",
        "=/srv/{name}\n",
        "=/srv/{name}/",
        "=/etc/{name}.env",
        "OTEL_SERVICE_NAME={name}\n",
    ],
}
COPYRIGHT = re.compile(r"^Copyright \(c\) .*$", re.MULTILINE)
# Parts of README.md about the template itself.
TEMPLATE_ONLY = re.compile(r"<!-- template -->\n.*?<!-- /template -->\n\n?", re.DOTALL)
# Measured on the machines of the template's authors; the make targets write these files again.
MEASURED = [
    "docs/benchmarks*.json",
    "docs/images/peers.svg",
    "docs/images/scale.svg",
    "docs/images/throughput.svg",
    "docs/fault-matrix.json",
    "docs/fault-matrix.svg",
]
PAGES = {
    "docs/benchmarks.md": """# Benchmarks

Not measured yet: `make bench` writes this page.

## Ratios and targets
""",
    "docs/fault-matrix.md": """# Fault matrix

Not measured yet: `make matrix` writes this page.

## Other targets
""",
}
CHANGELOG = """# Changelog

The format follows [Keep a Changelog](https://keepachangelog.com/en/1.1.0/), the versions
[Semantic Versioning](https://semver.org/spec/v2.0.0.html).

## [Unreleased]
"""


def changes(root: Path, old: Identity, new: Identity, copyright_line: str) -> Changes:
    """Return the changes that turn the project `old` in this folder into `new`.

    Files that the project no longer has are left out.
    """
    found = repeated(root, old, new)
    for name, text in {**PAGES, "CHANGELOG.md": CHANGELOG}.items():
        if (root / name).exists():
            found[root / name] = text
    for pattern in MEASURED:
        found.update(dict.fromkeys(root.glob(pattern), None))
    license_file, readme = root / "LICENSE", root / "README.md"
    if license_file.exists():
        found[license_file] = COPYRIGHT.sub(lambda _: copyright_line, license_file.read_text())
    if readme in found:
        found[readme] = TEMPLATE_ONLY.sub("", found[readme] or "")
    return found


def repeated(root: Path, old: Identity, new: Identity) -> Changes:
    """Return the new texts of the files that contain names."""
    found: Changes = {}
    for pattern, texts in REPEATED.items():
        for path in filter(Path.is_file, root.glob(pattern)):
            content = path.read_text()
            for text in texts:
                content = content.replace(text.format(**asdict(old)), text.format(**asdict(new)))
            found[path] = content
    return found
