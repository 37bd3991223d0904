"""Rows as PyMySQL reads them, without an object, or even a read, for each of their packets.

Most of the time of a long answer goes into PyMySQL's packets. What is read here is the text
protocol's resultset row: for each column a length-encoded string, or 0xfb for NULL.
https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_row.html
"""

from collections.abc import Callable, Sequence
from typing import Any

from pymysql.connections import MySQLResult
from pymysql.protocol import MysqlPacket

# A column's encoding, None for bytes, and what makes a value of its text, None if nothing has to.
Converter = tuple[str | None, Callable[[Any], Any] | None]

HEADER = 4  # of a packet: the payload's length in three bytes, and a number
LONGEST_SHORT = 250
NULL = 0xFB
# How many bytes of length follow: page_protocol_basic_dt_integers.html of the same manual.
WIDTHS = {0xFC: 2, 0xFD: 3, 0xFE: 8}
EOF, ERROR = 0xFE, 0xFF
LONGEST_EOF = 8  # longer, it is a row whose first length takes 8 bytes


class RowsResult(MySQLResult):
    """PyMySQL's result, but for how the rows of a buffered one are read."""

    connection: Any
    converters: list[Converter]

    def _read_rowdata_packet(self) -> None:
        rows: list[tuple[Any, ...]] = []
        while True:
            self._take_rows_at_hand(rows)
            data = self.connection.read_payload()
            if data[0] >= EOF and (data[0] == ERROR or len(data) <= LONGEST_EOF):
                break
            rows.append(row_of(data, 0, self.converters))
        last = MysqlPacket(data, self.connection.encoding)
        last.check_error()
        self._check_packet_is_eof(last)  # type: ignore[attr-defined]
        self.affected_rows = len(rows)
        self.rows = tuple(rows)

    def _take_rows_at_hand(self, rows: list[tuple[Any, ...]]) -> None:
        """Decode the rows whose packets are there as a whole, up to any that is something else."""
        data, number = self.connection.at_hand()
        at = 0
        while (start := at + HEADER) < len(data):
            end = start + int.from_bytes(data[at : at + 3], "little")
            is_row = start < end <= len(data) and data[at + 3] == number and data[start] < EOF
            if not is_row:
                break
            rows.append(row_of(data, start, self.converters))
            at, number = end, (number + 1) % 256
        if at:
            self.connection.take(at, number)


def row_of(data: bytes, at: int, converters: Sequence[Converter]) -> tuple[Any, ...]:
    """Decode the payload of a row's packet, which begins there."""
    values: list[Any] = []
    for encoding, convert in converters:
        length = data[at]
        at += 1
        if length > LONGEST_SHORT:
            if length == NULL:
                values.append(None)
                continue
            width = WIDTHS[length]
            length = int.from_bytes(data[at : at + width], "little")
            at += width
        value: Any = data[at : at + length]
        at += length
        if encoding is not None:
            value = value.decode(encoding)
        values.append(value if convert is None else convert(value))
    return tuple(values)
