"""TCP proxy between clients and one database server that injects network faults.

    with Proxy(server.port) as proxy:
        connect(port=proxy.port)
        proxy.reset_connections()

The proxy runs in its own thread. With `tls` it terminates TLS on both sides in order to read and
forge packets, so clients must not verify the server certificate against another authority.
Statements are recognized by a substring of what the client sends.
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

from dev.faults.packets import (
    HEADER_BYTES,
    SSL_REQUEST_BYTES,
    error_packet,
    payload_length,
)
from dev.faults.proxy_behavior import ProxyBehavior, ProxyTls, StatementFault

T = TypeVar("T")

CHUNK_BYTES = 1 << 16
SECONDS_PER_GREETING_BYTE = 0.3
OTHER_PROTOCOL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds


@dataclass(eq=False, slots=True)
class Side:
    """One side of a proxied connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def close(self, *, reset: bool = False) -> None:
        """Close this side without waiting, with a TCP reset if requested."""
        if reset:
            raw = self.writer.get_extra_info("socket")  # None if it is already closed
            if raw is not None:
                with suppress(OSError):
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.writer.transport.abort()
        elif not self.writer.is_closing():  # asyncio leaks a TLS transport that is closed twice
            self.writer.close()

    def abort(self) -> None:
        """Release the socket; with TLS, `close` alone would wait for the peer's close_notify."""
        self.writer.transport.abort()


@dataclass(eq=False, slots=True)
class ProxiedConnection:
    """One client's connection; `fault` is the statement fault that affects its next response."""

    client: Side
    server: Side
    fault: StatementFault | None = None
    is_silenced: bool = False

    def close(self, *, reset: bool = False) -> None:
        """Close both sides."""
        for side in (self.client, self.server):
            side.close(reset=reset)

    def abort(self) -> None:
        """Release both sockets."""
        for side in (self.client, self.server):
            side.abort()


class Proxy:
    """Clients connect to `port`; `behavior` applies to new connections and statements.

    `reset_connections`, `close_connections`, `silence_connections` and `send_and_close` affect
    existing connections.
    """

    def __init__(
        self, server_port: int, *, tls: ProxyTls | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.behavior = ProxyBehavior(server_port)
        self.accepted = 0
        self._tls = tls
        self._host = host
        self._listener = socket.create_server((host, 0), backlog=128)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._connections: set[ProxiedConnection] = set()
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

    def reset_connections(self) -> int:
        """Send a TCP reset on both sides of every connection; return their number."""
        return self._for_each(lambda connection: connection.close(reset=True))

    def close_connections(self) -> int:
        """Close every connection with FIN; return their number."""
        return self._for_each(ProxiedConnection.close)

    def silence_connections(self) -> int:
        """Stop forwarding on existing connections without closing them; new connections work.

        The proxy still acknowledges packets. Use `firewall` if even that must not happen.
        """
        return self._for_each(lambda connection: setattr(connection, "is_silenced", True))

    def send_and_close(self, packet: bytes) -> int:
        """Send this packet to every client and close the connections; return their number."""

        def send(connection: ProxiedConnection) -> None:
            connection.client.writer.write(packet)
            connection.close()

        return self._for_each(send)

    def _for_each(self, action: Callable[[ProxiedConnection], None]) -> int:
        def run_all() -> int:
            connections = list(self._connections)
            for connection in connections:
                action(connection)
            return len(connections)

        return self._call(run_all)

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
        for connection in list(self._connections):
            connection.close(reset=True)
        await asyncio.sleep(0)

    async def _accept(self) -> None:
        while True:
            client, _ = await self._loop.sock_accept(self._listener)
            self.accepted += 1
            self._spawn(self._serve(client))

    async def _serve(self, client: socket.socket) -> None:
        server: socket.socket | None = None
        try:
            if self.behavior.accept_mode == "close":
                return
            if self.behavior.accept_mode == "no_greeting":
                await asyncio.Event().wait()
            if self.behavior.accept_mode == "other_protocol":
                await self._loop.sock_sendall(client, OTHER_PROTOCOL)
                return
            server = await self._connect_to_server()
            sides = await self._handshake(client, server)
            if sides is None:
                return
            connection = ProxiedConnection(*sides)
            if self.behavior.accept_mode == "reject_login":
                await self._reject_login(connection)
            else:
                await self._forward(connection)
        except (OSError, asyncio.IncompleteReadError):
            pass  # one side disconnected; the other is closed below
        finally:
            for raw in (client, server):
                if raw is not None:
                    raw.close()

    async def _connect_to_server(self) -> socket.socket:
        server = socket.socket()
        server.setblocking(False)
        try:
            await self._loop.sock_connect(server, (self._host, self.behavior.server_port))
        except BaseException:
            server.close()
            raise
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return server

    async def _handshake(
        self, client: socket.socket, server: socket.socket
    ) -> tuple[Side, Side] | None:
        """Forward the packets before TLS, then start TLS on both sides if the client requests it.

        Reads exact byte counts from the plain sockets: the client sends its first TLS record
        without waiting, and a buffered reader would consume it.
        """
        if self.behavior.accept_mode == "slow_greeting":
            await self._send_greeting_slowly(client, server)
            return None
        if self.behavior.accept_mode == "handshake_cut":
            await self._loop.sock_sendall(client, await self._read_packet(server))
            await self._read_packet(client)
            return None
        if self._tls is None:
            return await self._side(client), await self._side(server)
        await self._loop.sock_sendall(client, await self._read_packet(server))
        login = await self._read_packet(client)
        await self._loop.sock_sendall(server, login)
        if len(login) != HEADER_BYTES + SSL_REQUEST_BYTES:
            return await self._side(client), await self._side(server)
        to_client = await self._side(client, self._tls.to_clients, server_side=True)
        try:
            return to_client, await self._side(server, self._tls.to_server)
        except BaseException:
            to_client.abort()
            raise

    async def _send_greeting_slowly(self, client: socket.socket, server: socket.socket) -> None:
        for byte in await self._read_packet(server):
            await self._loop.sock_sendall(client, bytes([byte]))
            await asyncio.sleep(SECONDS_PER_GREETING_BYTE)

    async def _reject_login(self, connection: ProxiedConnection) -> None:
        """Answer the login, which is encrypted with TLS, with an error."""
        client, server = connection.client, connection.server
        try:
            if self._tls is None:
                client.writer.write(await self._packet_from(server))
            login = await self._packet_from(client)
            sequence = login[HEADER_BYTES - 1] + 1
            client.writer.write(error_packet(*self.behavior.login_error, sequence=sequence))
            await client.writer.drain()
        finally:
            connection.close()
            connection.abort()

    async def _packet_from(self, side: Side) -> bytes:
        header = await side.reader.readexactly(HEADER_BYTES)
        return header + await side.reader.readexactly(payload_length(header))

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
        self, raw: socket.socket, tls: ssl.SSLContext | None = None, *, server_side: bool = False
    ) -> Side:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        if server_side or tls is None:
            transport, _ = await self._loop.connect_accepted_socket(lambda: protocol, raw, ssl=tls)
        else:
            transport, _ = await self._loop.create_connection(
                lambda: protocol, sock=raw, ssl=tls, server_hostname=self._host
            )
        return Side(reader, asyncio.StreamWriter(transport, protocol, reader, self._loop))

    async def _forward(self, connection: ProxiedConnection) -> None:
        self._connections.add(connection)
        directions = [
            self._loop.create_task(self._forward_to_server(connection)),
            self._loop.create_task(self._forward_to_client(connection)),
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._connections.discard(connection)
            for task in directions:
                task.cancel()
            connection.close()
            connection.abort()  # before the sockets close and their descriptors are reused
            await asyncio.gather(*directions, return_exceptions=True)

    async def _forward_to_server(self, connection: ProxiedConnection) -> None:
        while data := await connection.client.reader.read(CHUNK_BYTES):
            if connection.is_silenced:
                continue
            fault = self.behavior.fault_for(data)
            if fault is not None and fault.action in {"error", "error_and_close"}:
                connection.client.writer.write(fault.response)
                await connection.client.writer.drain()
                if fault.action == "error_and_close":
                    return
                continue
            connection.fault = fault or connection.fault
            if connection.fault is not None and connection.fault.action == "close_before_execution":
                return
            connection.server.writer.write(data)
            await connection.server.writer.drain()

    async def _forward_to_client(self, connection: ProxiedConnection) -> None:
        while data := await connection.server.reader.read(CHUNK_BYTES):
            if connection.fault is not None:
                if connection.fault.action == "close_before_response":
                    return
                connection.is_silenced = True
            if self.behavior.delay_seconds:
                await asyncio.sleep(self.behavior.delay_seconds)
            if not connection.is_silenced:
                connection.client.writer.write(data)
                await connection.client.writer.drain()
