"""A network between clients and a server, which does to their flows what networks do."""

import socket
import struct
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from selectors import EVENT_READ, DefaultSelector
from threading import Thread

from tests.db.black_hole import drop_what_arrives, let_it_arrive

RESET = struct.pack("ii", 1, 0)


class Pair:
    """One flow: what its client said, how that ended it, and whether it is frozen."""

    def __init__(self, client, server):
        self.client, self.server = client, server
        self.said = b""
        self.end = None
        self.is_frozen = False
        self.forgotten = None
        self.is_cut = False
        self.is_swallowed = False


class Relay:
    """`with Relay(server.port) as relay`: clients connect to `relay.port`.

    `cut_answer_to` is a statement whose answer never reaches the client, which is told so by a FIN;
    of `swallow_answer_to` it is told nothing, nor of what follows. `is_refusing` hangs up on new
    clients before a word, `is_silent` accepts them and never says one. A new `target` is where
    new flows lead.
    """

    def __init__(self, port):
        self.target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._selector = DefaultSelector()
        self._selector.register(self._listener, EVENT_READ, self._accept)
        self._orders = SimpleQueue()
        self._thread = Thread(target=self._run)
        self._is_over = False
        self.flows = []
        self.accepted = 0
        self.cut_answer_to = None
        self.swallow_answer_to = None
        self.is_refusing = False
        self.is_silent = False
        self._unheard = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over = True
        self._thread.join()
        for pair in self.flows:
            pair.client.close()
            pair.server.close()
        for one in (self._listener, self._selector, *self._unheard):
            one.close()

    def freeze(self):
        """Forget all flows without a word, as a firewall does; new ones pass."""
        self._order(lambda: [setattr(pair, "is_frozen", True) for pair in self.flows])

    def drop(self):
        """Drop every packet of all flows, in the kernel; the server is told nothing."""
        self._order(lambda: [drop_what_arrives(pair.client) for pair in self.flows])

    def heal(self):
        """Let the packets of all flows pass again."""
        self._order(lambda: [let_it_arrive(pair.client) for pair in self.flows if not pair.end])

    def say(self, words, port):
        """Say this to the client at that port, as if it came from the server."""
        to = [pair.client for pair in self.flows if pair.client.getpeername()[1] == port]
        self._order(lambda: to[0].sendall(words))

    def forget(self, answer="reset"):
        """Answer the next packet of each flow with a reset, as NAT gateways do, or a "fin"."""
        self._order(lambda: [setattr(pair, "forgotten", answer) for pair in self.flows])

    def reset(self):
        """Reset all flows on both sides."""
        self._order(lambda: [self._end(pair, reset=True) for pair in self.flows])

    def _order(self, work):
        done = Future()
        self._orders.put((work, done))
        done.result(timeout=5)

    def _run(self):
        while not self._is_over:
            for key, _ in self._selector.select(0.01):
                if key.fileobj.fileno() >= 0:
                    key.data()
            while not self._orders.empty():
                work, done = self._orders.get()
                done.set_result(work())

    def _accept(self):
        client, _ = self._listener.accept()
        self.accepted += 1
        if self.is_refusing:
            client.close()
            return
        if self.is_silent:
            self._unheard.append(client)
            return
        pair = Pair(client, socket.create_connection(("127.0.0.1", self.target)))
        self.flows.append(pair)
        self._selector.register(client, EVENT_READ, lambda: self._from_client(pair))
        self._selector.register(pair.server, EVENT_READ, lambda: self._from_server(pair))

    def _from_client(self, pair):
        try:
            data = pair.client.recv(65536)
        except ConnectionError:
            data, pair.end = b"", "reset"
        pair.said += data
        if not data:
            pair.end = pair.end or "fin"
            self._end(pair)
        elif pair.forgotten:
            self._end(pair, reset=pair.forgotten == "reset")
        elif not pair.is_frozen:
            pair.is_cut = bool(self.cut_answer_to) and self.cut_answer_to in data
            if self.swallow_answer_to and self.swallow_answer_to in data:
                pair.is_swallowed = True
            pair.server.sendall(data)

    def _from_server(self, pair):
        if pair.is_frozen:
            self._selector.unregister(pair.server)
            return
        try:
            data = pair.server.recv(65536)
        except ConnectionError:
            data = b""
        if pair.is_swallowed and data:
            return
        if pair.is_cut:
            self._end(pair)
        elif not data:
            self._selector.unregister(pair.server)
            with suppress(OSError):
                pair.client.shutdown(socket.SHUT_WR)
        else:
            with suppress(ConnectionError):
                pair.client.sendall(data)

    def _end(self, pair, *, reset=False):
        for side in (pair.client, pair.server):
            if side.fileno() >= 0:
                with suppress(KeyError):
                    self._selector.unregister(side)
                if reset:
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                side.close()


def through(relay, url):
    """The same database by way of the relay."""
    place, _, name = url.rpartition("/")
    return f"{place.rpartition(':')[0]}:{relay.port}/{name}"
