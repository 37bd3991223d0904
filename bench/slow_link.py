"""Proxy that adds 0.5 ms of latency in each direction: python -m bench.slow_link PORT TARGET.

Uses threads, because the timers of an event loop are too coarse. Each chunk has its own delay, so
only latency increases; throughput is not limited.
"""

import socket
import sys
import time
from queue import SimpleQueue
from threading import Thread

DELAY_SECONDS = 0.0005


def main(port: int, target: int) -> None:
    """Accept and forward connections until killed."""
    with socket.create_server(("127.0.0.1", port), backlog=128) as listener:
        print("ready", flush=True)
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", target))
            for one, other in ((client, server), (server, client)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                relay(one, other)


def relay(source: socket.socket, sink: socket.socket) -> None:
    """Forward data in one direction with a delay."""
    queue: SimpleQueue[tuple[float, bytes]] = SimpleQueue()

    def read() -> None:
        data = b"."
        while data:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            queue.put((time.monotonic() + DELAY_SECONDS, data))

    def write() -> None:
        while True:
            due, data = queue.get()
            time.sleep(max(0, due - time.monotonic()))
            try:
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
            except OSError:
                return

    for work in (read, write):
        Thread(target=work, daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
