"""The few bytes of MySQL's client/server protocol that a fault has to speak or to recognize."""

import struct

HEADER_BYTES = 4
SSL_REQUEST_BYTES = 32  # the payload of SSLRequest, which is a login cut off before the user
INACTIVE = 4031  # ER_CLIENT_INTERACTION_TIMEOUT, MySQL 8.0.24 and later
INACTIVE_TEXT = (
    "The client was disconnected by the server because of inactivity. See wait_timeout and "
    "interactive_timeout for configuring this behavior."
)


def error_packet(code: int, text: str, *, state: str = "HY000", sequence: int = 0) -> bytes:
    """Build an ERR_Packet: 0xff, the code, '#' and SQLSTATE, the text."""
    payload = b"\xff" + struct.pack("<H", code) + b"#" + state.encode() + text.encode()
    return len(payload).to_bytes(3, "little") + bytes([sequence]) + payload


def payload_length(header: bytes) -> int:
    """Read the length that the first three bytes of a packet announce."""
    return int.from_bytes(header[:3], "little")


# Byte for byte what MySQL 9.7 sends to an idle client before it hangs up.
FAREWELL = error_packet(INACTIVE, INACTIVE_TEXT)
