"""Reads the lines of a file as bytes, with their numbers and positions."""

from dataclasses import dataclass
from io import BufferedIOBase

MAX_LINE_BYTES = 65_536
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Position:
    """The start of a line: the number of bytes and of lines before it."""

    offset: int = 0
    line_number: int = 0


class Lines:
    """Iterator over lines; `position` is the start of the next one.

    Lines longer than `MAX_LINE_BYTES` are cut to that length plus one byte, so that a file without
    line ends does not need more memory.
    """

    def __init__(self, file: BufferedIOBase, position: Position) -> None:
        self._file = file
        self.seek(position)

    def seek(self, position: Position) -> None:
        """Continue with the line that starts at this position."""
        self._file.seek(position.offset)
        self.position = position

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> bytes:
        line = self._file.readline(MAX_LINE_BYTES + 1)
        if not line:
            raise StopIteration
        rest = line
        offset = self.position.offset + len(line)
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = self._file.readline(MAX_LINE_BYTES + 1)
            offset += len(rest)
        is_first = self.position.offset == 0
        self.position = Position(offset, self.position.line_number + 1)
        return line.removeprefix(BOM) if is_first else line
