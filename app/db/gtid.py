"""Positions of a server in the stream of committed transactions, as GTIDs.

MariaDB writes `domain-server-sequence`, the last transaction of each domain: `0-1-270`. MySQL
writes the intervals of each server's UUID, since 8.3 also of each tag: `3e11fa47-...:1-5:7`. Both
are lists separated by commas, so that several positions joined by commas are their union.
"""

import re
from collections import defaultdict
from typing import Self

# The comments select the variable: MariaDB executes the first and skips the second (it skips the
# versions 50700 to 99999), for MySQL it is the other way round. All accounts may read them.
COMMITTED = """
    SELECT CONCAT('', /*M!100101 @@GLOBAL.gtid_binlog_pos */ /*!80000 @@GLOBAL.gtid_executed */)
           AS position
"""
APPLIED = """
    SELECT CONCAT('', /*M!100101 @@GLOBAL.gtid_slave_pos */ /*!80000 @@GLOBAL.gtid_executed */)
           AS position
"""

_MARIADB = re.compile(r"(\d{1,10})-\d{1,10}-(\d{1,20})", re.ASCII)
_MYSQL = re.compile(r"([0-9a-f-]{36})((?::(?:[a-z_]\w{0,31}|\d{1,20}(?:-\d{1,20})?))+)", re.ASCII)

Interval = tuple[int, int]


class Position:
    """A set of transactions; `Position.parse` of an empty text is the empty set."""

    def __init__(self, intervals: dict[str, list[Interval]], text: str) -> None:
        self._intervals = intervals
        self._text = text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse GTIDs separated by commas; raises `ValueError`."""
        intervals: dict[str, list[Interval]] = defaultdict(list)
        items = [item for item in "".join(text.split()).lower().split(",") if item]
        for item in items:
            if found := _MARIADB.fullmatch(item):
                intervals[found[1]].append((1, int(found[2])))
            elif found := _MYSQL.fullmatch(item):
                _add(intervals, found[1], found[2].split(":")[1:])
            else:
                raise ValueError("not a list of GTIDs")
        if text and not items:
            raise ValueError("not a list of GTIDs")
        return cls(dict(intervals), ",".join(items))

    def covers(self, other: "Position") -> bool:
        """Return whether a server at this position has executed all transactions of the other."""
        return all(
            any(low <= first and last <= high for low, high in self._intervals.get(source, ()))
            for source, wanted in other._intervals.items()
            for first, last in wanted
        )

    def names_sources_of(self, other: "Position") -> bool:
        """Return whether it has transactions of a domain or server that the other has, too."""
        return not self._intervals.keys().isdisjoint(other._intervals)

    def __bool__(self) -> bool:
        """Return whether there is any transaction in it."""
        return bool(self._intervals)

    def __str__(self) -> str:
        """Return the GTIDs without white space."""
        return self._text


NOWHERE = Position({}, "")


def _add(intervals: dict[str, list[Interval]], source: str, parts: list[str]) -> None:
    """Add the intervals of one UUID; those after a tag belong to the UUID with this tag."""
    key = source
    for part in parts:
        first, _, last = part.partition("-")
        if first.isdigit():
            intervals[key].append((int(first), int(last or first)))
        else:
            key = f"{source}:{part}"
