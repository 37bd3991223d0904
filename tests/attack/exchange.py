"""One connection of an attacker: send a message and read what the server returns."""

import re
import socket

TIMEOUT_SECONDS = 15
MAX_READ_BYTES = 4 * 1024 * 1024
STATUS = re.compile(rb"^HTTP/1\.[01] (\d{3})", re.MULTILINE)


def exchange(port, message):
    """Return the statuses of the responses, or what happened instead of one."""
    received = b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS) as connection:
            _send(connection, message)
            while len(received) < MAX_READ_BYTES and (data := connection.recv(65536)):
                received += data
    except TimeoutError:
        return _statuses(received, "timeout")
    except OSError:
        return _statuses(received, "reset")
    return _statuses(received, "closed without a response")


def _send(connection, message):
    try:
        connection.sendall(message.data)
        if message.incomplete:
            connection.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        pass  # a response to the first part may still be readable


def _statuses(received, otherwise):
    return [status.decode() for status in STATUS.findall(received)] or [otherwise]
