"""The lines of a file, each with its number and its place, whatever bytes are in it."""

from dataclasses import dataclass
from io import BufferedIOBase

MAX_LINE_BYTES = 65_536
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Place:
    """A place between two lines: the bytes and the lines before it."""

    position: int = 0
    line_number: int = 0


class Lines:
    """Gives line after line; `place` is where the next one begins.

    Of a line that is longer than `MAX_LINE_BYTES` only so much and one byte more is given, so that
    a file without line ends needs no more memory than any other.
    """

    def __init__(self, file: BufferedIOBase, place: Place) -> None:
        self._file = file
        self.go_to(place)

    def go_to(self, place: Place) -> None:
        """Give next the line that begins here."""
        self._file.seek(place.position)
        self.place = place

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> bytes:
        line = self._file.readline(MAX_LINE_BYTES + 1)
        if not line:
            raise StopIteration
        rest = line
        position = self.place.position + len(line)
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = self._file.readline(MAX_LINE_BYTES + 1)
            position += len(rest)
        is_first = self.place.position == 0
        self.place = Place(position, self.place.line_number + 1)
        return line.removeprefix(BOM) if is_first else line
