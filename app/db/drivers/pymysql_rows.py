"""Decodes rows like PyMySQL, without an object or a read for each packet.

PyMySQL spends most of the time of a long response on its packet objects, and no library decodes
its rows faster. A row of the text protocol is a length-encoded string for each column, or 0xfb
for NULL.
https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_row.html
"""

from collections.abc import Callable, Sequence
from typing import Any

from pymysql.connections import MySQLResult
from pymysql.protocol import MysqlPacket

# A column's encoding (None for bytes) and the function that converts its text (None for text).
Converter = tuple[str | None, Callable[[Any], Any] | None]

HEADER = 4  # of a packet: the payload's length in three bytes, and a sequence number
MAX_ONE_BYTE_LENGTH = 250
NULL = 0xFB
# The bytes of length that follow: page_protocol_basic_dt_integers.html of the same manual.
WIDTHS = {0xFC: 2, 0xFD: 3, 0xFE: 8}
EOF, ERROR = 0xFE, 0xFF
MAX_EOF_BYTES = 8  # a longer packet is a row whose first length takes 8 bytes


class RowsResult(MySQLResult):
    """PyMySQL's result; only the reading of the rows of a buffered one differs."""

    connection: Any
    converters: list[Converter]

    def _read_rowdata_packet(self) -> None:
        rows: list[tuple[Any, ...]] = []
        while True:
            self._decode_received(rows)
            data = self.connection.read_payload()
            if data[0] >= EOF and (data[0] == ERROR or len(data) <= MAX_EOF_BYTES):
                break
            rows.append(row_of(data, 0, self.converters))
        last = MysqlPacket(data, self.connection.encoding)
        last.check_error()
        self._check_packet_is_eof(last)  # type: ignore[attr-defined]
        # 0xfe, the number of warnings, the status flags; PyMySQL ignores the flags.
        self.server_status = int.from_bytes(data[3:5], "little")
        self.affected_rows = len(rows)
        self.rows = tuple(rows)

    def _decode_received(self, rows: list[tuple[Any, ...]]) -> None:
        """Decode the rows received completely, up to the first packet that is no row."""
        data, number = self.connection.peek_packets()
        at = 0
        while (start := at + HEADER) < len(data):
            end = start + int.from_bytes(data[at : at + 3], "little")
            is_row = start < end <= len(data) and data[at + 3] == number and data[start] < EOF
            if not is_row:
                break
            rows.append(row_of(data, start, self.converters))
            at, number = end, (number + 1) % 256
        if at:
            self.connection.consume(at, number)


def row_of(data: bytes, at: int, converters: Sequence[Converter]) -> tuple[Any, ...]:
    """Decode a row whose payload begins at offset `at`."""
    values: list[Any] = []
    for encoding, convert in converters:
        length = data[at]
        at += 1
        if length > MAX_ONE_BYTE_LENGTH:
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
