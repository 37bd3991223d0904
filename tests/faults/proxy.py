"""A network between clients and one database server, which does to their flows what networks do.

    with Proxy(server.port) as proxy:
        connect(port=proxy.port)
        proxy.reset()

It lives in a thread of its own. With `tls` it ends the encryption on both sides, so that it can
read and forge what is said inside; a client that checks certificates will not like that.
Statements are recognized by a piece of their text in what the client sends.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import Any, Self, TypeVar

from tests.faults.behavior import Behavior, Tls, Trap
from tests.faults.packets import HEADER_BYTES, SSL_REQUEST_BYTES, payload_length

T = TypeVar("T")

CHUNK_BYTES = 1 << 16
DRIP_SECONDS = 0.3
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds


@dataclass(eq=False, slots=True)
class Side:
    """One end of a flow."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def end(self, *, reset: bool = False) -> None:
        """Close without waiting for anybody."""
        if reset:
            raw = self.writer.get_extra_info("socket")  # none where it has just ended by itself
            if raw is not None:
                with suppress(OSError):
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.writer.transport.abort()
        elif not self.writer.is_closing():  # asyncio forgets a TLS transport that is closed twice
            self.writer.close()

    def let_go(self) -> None:
        """Give up the socket; under TLS, `end` alone would have it wait for a farewell."""
        self.writer.transport.abort()


@dataclass(eq=False, slots=True)
class ProxiedFlow:
    """One client's flow; `trap` is what its next answer falls into."""

    client: Side
    server: Side
    trap: Trap | None = None
    is_forgotten: bool = False

    def end(self, *, reset: bool = False) -> None:
        """Close both sides."""
        for side in (self.client, self.server):
            side.end(reset=reset)

    def let_go(self) -> None:
        """Give up both sockets."""
        for side in (self.client, self.server):
            side.let_go()


class Proxy:
    """Clients connect to `port`; `behavior` holds for new flows and statements.

    `reset`, `hang_up`, `forget` and `say` strike the flows there are.
    """

    def __init__(self, target: int, *, tls: Tls | None = None, host: str = "127.0.0.1") -> None:
        self.behavior = Behavior(target)
        self.accepted = 0
        self._tls = tls
        self._host = host
        self._listener = socket.create_server((host, 0), backlog=128)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._flows: set[ProxiedFlow] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(lambda: self._spawn(self._accept()))
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._shut_down(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._listener.close()

    def reset(self) -> int:
        """Reset every flow on both sides; returns how many."""
        return self._each(lambda flow: flow.end(reset=True))

    def hang_up(self) -> int:
        """Close every flow in order."""
        return self._each(ProxiedFlow.end)

    def forget(self) -> int:
        """Pass nothing on in the flows there are, without a word; new ones work.

        The packets are acknowledged here; where not even that may happen, use `flows`.
        """
        return self._each(lambda flow: setattr(flow, "is_forgotten", True))

    def say(self, packet: bytes) -> int:
        """Say this to every client, as if it came from the server, and hang up."""

        def farewell(flow: ProxiedFlow) -> None:
            flow.client.writer.write(packet)
            flow.end()

        return self._each(farewell)

    def _each(self, strike: Callable[[ProxiedFlow], None]) -> int:
        def strike_all() -> int:
            flows = list(self._flows)
            for flow in flows:
                strike(flow)
            return len(flows)

        return self._call(strike_all)

    def _call(self, work: Callable[[], T]) -> T:
        async def call() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(10)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _shut_down(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for flow in list(self._flows):
            flow.end(reset=True)
        await asyncio.sleep(0)

    async def _accept(self) -> None:
        while True:
            client, _ = await self._loop.sock_accept(self._listener)
            self.accepted += 1
            self._spawn(self._serve(client))

    async def _serve(self, client: socket.socket) -> None:
        server: socket.socket | None = None
        try:
            if self.behavior.door == "refusing":
                return
            if self.behavior.door == "deaf":
                await asyncio.Event().wait()
            server = await self._dial()
            sides = await self._greet(client, server)
            if sides is not None:
                await self._pass_on(ProxiedFlow(*sides))
        except (OSError, asyncio.IncompleteReadError):
            pass  # one side went away: so does the other
        finally:
            for raw in (client, server):
                if raw is not None:
                    raw.close()

    async def _dial(self) -> socket.socket:
        server = socket.socket()
        server.setblocking(False)
        try:
            await self._loop.sock_connect(server, (self._host, self.behavior.target))
        except BaseException:
            server.close()
            raise
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return server

    async def _greet(
        self, client: socket.socket, server: socket.socket
    ) -> tuple[Side, Side] | None:
        """Pass on what is said before TLS begins, and begin it on both sides.

        Read from the bare sockets, byte for byte: a client sends its first TLS record
        without waiting, and a buffer would swallow it.
        """
        if self.behavior.door == "drip":
            await self._drip(client, server)
            return None
        if self._tls is None:
            return await self._side(client), await self._side(server)
        await self._loop.sock_sendall(client, await self._read_packet(server))
        login = await self._read_packet(client)
        await self._loop.sock_sendall(server, login)
        if len(login) != HEADER_BYTES + SSL_REQUEST_BYTES:
            return await self._side(client), await self._side(server)
        to_client = await self._side(client, self._tls.to_clients, answers=True)
        try:
            return to_client, await self._side(server, self._tls.to_server)
        except BaseException:
            to_client.let_go()
            raise

    async def _drip(self, client: socket.socket, server: socket.socket) -> None:
        for byte in await self._read_packet(server):
            await self._loop.sock_sendall(client, bytes([byte]))
            await asyncio.sleep(DRIP_SECONDS)

    async def _read_packet(self, raw: socket.socket) -> bytes:
        header = await self._read_exactly(raw, HEADER_BYTES)
        return header + await self._read_exactly(raw, payload_length(header))

    async def _read_exactly(self, raw: socket.socket, count: int) -> bytes:
        read = b""
        while len(read) < count:
            more = await self._loop.sock_recv(raw, count - len(read))
            if not more:
                raise asyncio.IncompleteReadError(read, count)
            read += more
        return read

    async def _side(
        self, raw: socket.socket, tls: ssl.SSLContext | None = None, *, answers: bool = False
    ) -> Side:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        if answers or tls is None:
            transport, _ = await self._loop.connect_accepted_socket(lambda: protocol, raw, ssl=tls)
        else:
            transport, _ = await self._loop.create_connection(
                lambda: protocol, sock=raw, ssl=tls, server_hostname=self._host
            )
        return Side(reader, asyncio.StreamWriter(transport, protocol, reader, self._loop))

    async def _pass_on(self, flow: ProxiedFlow) -> None:
        self._flows.add(flow)
        both = [
            self._loop.create_task(self._to_server(flow)),
            self._loop.create_task(self._to_client(flow)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._flows.discard(flow)
            for task in both:
                task.cancel()
            flow.end()
            flow.let_go()  # before the sockets are closed, and their numbers used again
            await asyncio.gather(*both, return_exceptions=True)

    async def _to_server(self, flow: ProxiedFlow) -> None:
        while said := await flow.client.reader.read(CHUNK_BYTES):
            if flow.is_forgotten:
                continue
            flow.trap = self.behavior.trap_for(said) or flow.trap
            if flow.trap is not None and flow.trap.harm == "drop":
                return
            flow.server.writer.write(said)
            await flow.server.writer.drain()

    async def _to_client(self, flow: ProxiedFlow) -> None:
        while said := await flow.server.reader.read(CHUNK_BYTES):
            if flow.trap is not None:
                if flow.trap.harm == "cut":
                    return
                flow.is_forgotten = True
            if self.behavior.delay_seconds:
                await asyncio.sleep(self.behavior.delay_seconds)
            if not flow.is_forgotten:
                flow.client.writer.write(said)
                await flow.client.writer.drain()
