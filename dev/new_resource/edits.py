"""Insertions into existing Python modules, at places found in their syntax trees."""

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from dev.system_packages import Stop

# Unused imports are removed first: sorting the longer list would leave one name in each line.
NEW_MODULE = ("F401", "I")
EDITED_MODULE = ("I",)


class Source:
    """The source code of a module that is being edited."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text()

    def add_entry(self, name: str, entry: str, *, function: str = "") -> None:
        """Add an entry at the end of a dict, list or set that is assigned to a name."""
        for node in self._nodes(function):
            if isinstance(node, ast.Assign | ast.AnnAssign) and _target(node) == name:
                return self._add(node.value, entry)
        raise self._unexpected(f"{name} = ... in {function or 'the module'}")

    def add_to_returned(self, function: str, entry: str) -> None:
        """Add an entry at the end of the dict that a function returns."""
        return self._add(self._return_of(function).value, entry)

    def add_before_return(self, function: str, statement: str) -> None:
        """Add a statement before the return statement of a function."""
        found = self._return_of(function)
        self._insert(found.lineno, found.col_offset, f"{statement}\n{' ' * found.col_offset}")

    def add_statement(self, function: str, statement: str) -> None:
        """Add a statement at the end of a function."""
        for node in self._nodes():
            if isinstance(node, ast.FunctionDef) and node.name == function:
                line, column = _end(node)
                indentation = " " * node.body[-1].col_offset
                return self._insert(line, column, f"\n{indentation}{statement}")
        raise self._unexpected(f"the function {function}")

    def add_import(self, line: str) -> None:
        """Add an import after the docstring; imports are sorted afterwards."""
        first = next(
            node for node in self._nodes() if isinstance(node, ast.Import | ast.ImportFrom)
        )
        self._insert(first.lineno, first.col_offset, f"{line}\n")

    def _nodes(self, function: str = "") -> Iterator[ast.AST]:
        for node in ast.walk(ast.parse(self.text)):
            if not function:
                yield node
            elif isinstance(node, ast.FunctionDef) and node.name == function:
                yield from ast.walk(node)

    def _return_of(self, function: str) -> ast.Return:
        for node in self._nodes(function):
            if isinstance(node, ast.Return):
                return node
        raise self._unexpected(f"the function {function}")

    def _add(self, value: ast.expr | None, entry: str) -> None:
        if not isinstance(value, ast.Dict | ast.Set | ast.List):
            raise self._unexpected(f"a dict, list or set for {entry}")
        line, column = _end(value)
        before = self.text.encode()[: self._offset(line, column - 1)].rstrip()
        separator = b"" if before.endswith((b",", b"{", b"[")) else b","
        end = b"," if separator == b"" else b""
        after = self.text.encode()[self._offset(line, column - 1) :]
        indentation = b"\n" if end else b" "
        self.text = (before + separator + indentation + entry.encode() + end + after).decode()

    def _insert(self, line: int, column: int, text: str) -> None:
        content, offset = self.text.encode(), self._offset(line, column)
        self.text = (content[:offset] + text.encode() + content[offset:]).decode()

    def _offset(self, line: int, column: int) -> int:
        """Return the offset of a position of a syntax tree, which counts bytes."""
        return sum(map(len, self.text.encode().splitlines(keepends=True)[: line - 1])) + column

    def _unexpected(self, what: str) -> Stop:
        return Stop(f"{self.path} has changed too much: it no longer contains {what}")


def tidy(path: Path, text: str, rules: Iterable[str], root: Path) -> str:
    """Return the code of a module, corrected for these rules of ruff and formatted."""
    # Without it, modules that do not exist yet are taken for those of other projects.
    first_party = ("--config", "lint.isort.known-first-party = ['app']")
    checks = [("check", "--quiet", "--fix-only", "--select", it, *first_party) for it in rules]
    for arguments in (*checks, ("format", "--quiet")):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", str(path), "-"],
            cwd=root, input=text, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if "No module named ruff" in done.stderr:
            raise Stop("ruff is not installed: run 'python3 dev/setup.py test' first")
        if done.returncode:
            raise Stop(f"{path}: {done.stderr.strip()}")
        text = done.stdout
    return text


def _target(node: ast.Assign | ast.AnnAssign) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    return target.id if isinstance(target, ast.Name) else ""


def _end(node: ast.expr | ast.stmt) -> tuple[int, int]:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return node.end_lineno, node.end_col_offset
