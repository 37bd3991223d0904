"""Packets of the MySQL client/server protocol that the proxy sends or recognizes."""

import struct

HEADER_BYTES = 4
COM_QUERY = 0x03
SSL_REQUEST_BYTES = 32  # payload of SSLRequest: a login packet truncated before the user name
ER_CLIENT_INTERACTION_TIMEOUT = 4031  # MySQL 8.0.24 and later
TIMEOUT_MESSAGE = (
    "The client was disconnected by the server because of inactivity. See wait_timeout and "
    "interactive_timeout for configuring this behavior."
)


def error_packet(code: int, text: str, *, state: str = "HY000", sequence: int = 0) -> bytes:
    """Return an ERR_Packet: 0xff, the code, '#', the SQLSTATE, and the text."""
    payload = b"\xff" + struct.pack("<H", code) + b"#" + state.encode() + text.encode()
    return len(payload).to_bytes(3, "little") + bytes([sequence]) + payload


def payload_length(header: bytes) -> int:
    """Return the payload length from the first three bytes of a packet header."""
    return int.from_bytes(header[:3], "little")


def query_text(packet: bytes) -> bytes | None:
    """Return the text of a COM_QUERY packet; None for any other packet."""
    is_query = packet[HEADER_BYTES : HEADER_BYTES + 1] == bytes([COM_QUERY])
    return packet[HEADER_BYTES + 1 :] if is_query else None


# Identical, byte for byte, to what MySQL 9.7 sends to an idle client before it disconnects it.
IDLE_TIMEOUT_ERROR_PACKET = error_packet(ER_CLIENT_INTERACTION_TIMEOUT, TIMEOUT_MESSAGE)
