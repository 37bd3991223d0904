"""A TCP server that sends prepared bytes: what answers at a port need not be a MySQL server."""

import socket
from contextlib import suppress
from threading import Thread


class ScriptedServer:
    """`with ScriptedServer(data) as server`: each client that connects is sent these bytes.

    With `answer`, the server also waits for the client's login, sends these bytes too, and waits
    for the client to close. `accepted` counts the clients, `closed_by_client` those that closed
    their connection first.
    """

    def __init__(self, data, answer=None):
        self._data, self._answer = data, answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = Thread(target=self._accept)
        self.port = self._listener.getsockname()[1]
        self.url = f"mysql://app:secret@127.0.0.1:{self.port}/students"
        self.accepted = self.closed_by_client = 0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            with client, suppress(TimeoutError):
                self._serve(client)
                self.closed_by_client += 1

    def _serve(self, client):
        client.settimeout(5)
        try:
            client.sendall(self._data)
            if self._answer is not None and client.recv(4096):
                client.sendall(self._answer)
            client.shutdown(socket.SHUT_WR)
            while client.recv(4096):
                pass
        except TimeoutError:
            raise
        except OSError:
            pass  # the client has reset the connection


def packet(payload, number=0):
    return len(payload).to_bytes(3, "little") + bytes([number]) + payload


# https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html
GREETING = packet(
    b"\x0a8.0.33\x00\x01\x00\x00\x00abcdefgh\x00\xff\xf7\x2d\x02\x00\xff\x81\x15"
    + bytes(10)
    + b"ijklmnopqrst\x00mysql_native_password\x00"
)
