"""A TCP proxy between clients and a server that injects network faults."""

import socket
import struct
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from selectors import EVENT_READ, DefaultSelector
from threading import Thread

from tests.db.black_hole import accept_incoming_packets, drop_incoming_packets

RESET = struct.pack("ii", 1, 0)


class RelayedConnection:
    """One TCP connection: what its client sent, how the client closed it, and its fault."""

    def __init__(self, client, server):
        self.client, self.server = client, server
        self.received = b""
        self.closed_by_client = None  # "fin" or "reset"
        self.is_frozen = False
        self.close_at_next_packet = None  # "fin" or "reset"
        self.cuts_response = False
        self.discards_responses = False
        self.was_greeted = False
        self.held = b""


class Relay:
    """`with Relay(server.port) as relay`: clients connect to `relay.port`.

    Attributes that may be set at any time:

    - `cut_response_to`: bytes of a statement whose response is replaced by a FIN
    - `discard_response_to`: bytes of a statement from whose response on nothing is delivered
    - `close_at`: bytes of a client's packet, and how its connection is then closed: "fin", "reset"
    - `faults_in_turn`: a list of pairs, bytes of a statement and a fault; each fault occurs once,
      the first one first. The faults: "cut response": as above; "lose": the statement is not
      delivered, and the connection is closed on both sides; "hold": the statement is delivered by
      `deliver_held`, and the client gets no response, and not even acknowledgments; a function: it
      is called before the statement is delivered
    - `rejects_clients`: new connections are closed before the greeting
    - `error_packet`: sent on new connections instead of the greeting; they are then closed
    - `is_silent`: new connections are accepted, and nothing is ever sent on them
    - `hides_connection_ids`, `hides_version`: greetings show another connection id, or another
      version, as those of a multiplexing proxy do
    - `target`, `target_host`: the port and the address new connections lead to
    """

    def __init__(self, port):
        self.target, self.target_host = port, "127.0.0.1"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._selector = DefaultSelector()
        self._selector.register(self._listener, EVENT_READ, self._accept)
        self._commands = SimpleQueue()
        self._thread = Thread(target=self._run)
        self._is_stopped = False
        self.connections = []
        self.accepted = 0
        self.cut_response_to = None
        self.discard_response_to = None
        self.close_at = None
        self.faults_in_turn = []
        self.rejects_clients = False
        self.error_packet = None
        self.is_silent = False
        self.hides_connection_ids = self.hides_version = False
        self._silent_clients = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_stopped = True
        self._thread.join()
        for pair in self.connections:
            pair.client.close()
            pair.server.close()
        for one in (self._listener, self._selector, *self._silent_clients):
            one.close()

    def freeze(self):
        """Forward nothing on the existing connections any more; packets are still acknowledged."""
        self._run_in_thread(lambda: [setattr(pair, "is_frozen", True) for pair in self.connections])

    def drop(self):
        """Drop all packets from the clients of the existing connections, unacknowledged.

        The server is not notified.
        """
        self._run_in_thread(
            lambda: [
                drop_incoming_packets(pair.client)
                for pair in self.connections
                if pair.client.fileno() != -1  # closed meanwhile
            ]
        )

    def stop_dropping(self):
        """Accept packets on all open connections again."""
        self._run_in_thread(
            lambda: [
                accept_incoming_packets(pair.client)
                for pair in self.connections
                if not pair.closed_by_client
            ]
        )

    def send_to_client(self, data, port):
        """Send data to the client at that port, as if they came from the server."""
        (client,) = [
            pair.client for pair in self.connections if pair.client.getpeername()[1] == port
        ]
        self._run_in_thread(lambda: client.sendall(data))

    def deliver_held(self):
        """Deliver the statements that were held to the server."""

        def deliver():
            for pair in self.connections:
                if pair.held:
                    pair.server.sendall(pair.held)
                    pair.held = b""

        self._run_in_thread(deliver)

    def forget(self, answer="reset"):
        """Answer the next packet of each connection with a reset, as NAT gateways do, or a FIN."""
        self._run_in_thread(
            lambda: [setattr(pair, "close_at_next_packet", answer) for pair in self.connections]
        )

    def reset(self):
        """Reset all connections on both sides."""
        self._run_in_thread(lambda: [self._close(pair, reset=True) for pair in self.connections])

    def _run_in_thread(self, work):
        done = Future()
        self._commands.put((work, done))
        done.result(timeout=30)

    def _run(self):
        while not self._is_stopped:
            for key, _ in self._selector.select(0.01):
                if key.fileobj.fileno() >= 0:
                    key.data()
            while not self._commands.empty():
                work, done = self._commands.get()
                try:
                    done.set_result(work())
                except BaseException as error:
                    done.set_exception(error)

    def _accept(self):
        client, _ = self._listener.accept()
        self.accepted += 1
        if self.rejects_clients or self.error_packet:
            client.sendall(self.error_packet or b"")
            client.close()
            return
        if self.is_silent:
            self._silent_clients.append(client)
            return
        try:
            server = socket.create_connection((self.target_host, self.target))
        except ConnectionRefusedError:
            client.close()
            return
        pair = RelayedConnection(client, server)
        self.connections.append(pair)
        self._selector.register(client, EVENT_READ, lambda: self._from_client(pair))
        self._selector.register(pair.server, EVENT_READ, lambda: self._from_server(pair))

    def _from_client(self, pair):
        try:
            data = pair.client.recv(65536)
        except ConnectionError:
            data, pair.closed_by_client = b"", "reset"
        pair.received += data
        if not data:
            pair.closed_by_client = pair.closed_by_client or "fin"
            self._close(pair)
        elif self.close_at and self.close_at[0] in data:
            self._close(pair, reset=self.close_at[1] == "reset")
        elif pair.close_at_next_packet:
            self._close(pair, reset=pair.close_at_next_packet == "reset")
        elif not pair.is_frozen:
            fault = self._next_fault(data)
            if callable(fault):
                fault()
            if fault == "lose":
                self._close(pair)
                return
            if fault == "hold":
                pair.held, pair.discards_responses = data, True
                drop_incoming_packets(pair.client)
                return
            pair.cuts_response = fault == "cut response" or (
                bool(self.cut_response_to) and self.cut_response_to in data
            )
            if self.discard_response_to and self.discard_response_to in data:
                pair.discards_responses = True
            with suppress(ConnectionError):  # the server may have reset it already
                pair.server.sendall(data)

    def _next_fault(self, data):
        if self.faults_in_turn and self.faults_in_turn[0][0] in data:
            return self.faults_in_turn.pop(0)[1]
        return None

    def _from_server(self, pair):
        if pair.is_frozen:
            self._selector.unregister(pair.server)
            return
        try:
            data = pair.server.recv(65536)
        except ConnectionError:
            data = b""
        if pair.discards_responses and data:
            return
        if self.hides_connection_ids and not pair.was_greeted:
            data = with_another_connection_id(data)
        if self.hides_version and not pair.was_greeted:
            data = with_another_version(data)
        pair.was_greeted = True
        if pair.cuts_response:
            self._close(pair)
        elif not data:
            self._selector.unregister(pair.server)
            with suppress(OSError):
                pair.client.shutdown(socket.SHUT_WR)
        else:
            with suppress(ConnectionError):
                pair.client.sendall(data)

    def _close(self, pair, *, reset=False):
        for side in (pair.client, pair.server):
            if side.fileno() >= 0:
                with suppress(KeyError):
                    self._selector.unregister(side)
                if reset:
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                side.close()


def with_another_connection_id(greeting):
    """Return the greeting with another id: after header, protocol and version, 4 bytes."""
    end_of_version = greeting.index(b"\0", 5)
    start = end_of_version + 1
    return greeting[:start] + (99_999).to_bytes(4, "little") + greeting[start + 4 :]


def with_another_version(greeting):
    """Return the greeting with another version of the same length."""
    end_of_version = greeting.index(b"\0", 5)
    return greeting[: end_of_version - 1] + b"X" + greeting[end_of_version:]


def through(relay, url):
    """Return the URL of the same database, reached through the relay."""
    account, _, address = url.rpartition("@")
    return f"{account}@127.0.0.1:{relay.port}/{address.rpartition('/')[2]}"
