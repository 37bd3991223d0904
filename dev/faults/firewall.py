"""Firewall on the loopback interface that drops or resets chosen TCP connections.

    with Firewall() as firewall:
        firewall.drop([40112], server_port)
        firewall.clear()

It uses real iptables rules, so the kernel handles the lost packets as it would in production. A
separate process (`firewall_process`) owns the rules and removes them when this program ends, even
if it is killed. Requires root, or sudo without a password.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from dev.system_packages import Stop, find_program

ESTABLISHED = "01"  # proc_pid_net(5), include/net/tcp_states.h
FIREWALL_PROCESS = Path(__file__).with_name("firewall_process.py")


def client_ports(server_port: int) -> list[int]:
    """Return the client port of each established local connection to this port (IPv4)."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    connections = [line.split()[1:4] for line in lines]
    return [
        int(local.partition(":")[2], 16)
        for local, remote, state in connections
        if state == ESTABLISHED and int(remote.partition(":")[2], 16) == server_port
    ]


class Firewall:
    """iptables rules for TCP connections, each identified by its client port and server port."""

    def __enter__(self) -> Self:
        find_program("iptables-restore", package="iptables", why="a test drops packets")
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-E", str(FIREWALL_PROCESS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        try:
            self.clear()  # fail here if iptables cannot be used
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Remove all rules and wait until they are gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def drop(self, client_ports: Iterable[int], server_port: int) -> None:
        """Silently drop every packet of these connections in both directions."""
        self._add(
            rule
            for port in client_ports
            for rule in (
                f"-p tcp --sport {port} --dport {server_port} -j DROP",
                f"-p tcp --sport {server_port} --dport {port} -j DROP",
            )
        )

    def drop_responses(self, client_ports: Iterable[int], server_port: int) -> None:
        """Deliver what the clients send, and drop every packet from the server."""
        self._add(f"-p tcp --sport {server_port} --dport {port} -j DROP" for port in client_ports)

    def reset_on_next_packet(self, client_ports: Iterable[int], server_port: int) -> None:
        """Reply to the next packet of each client with a TCP reset, as NAT gateways do."""
        self._add(
            f"-p tcp --sport {port} --dport {server_port} -j REJECT --reject-with tcp-reset"
            for port in client_ports
        )

    def reject_new_connections(self, server_port: int) -> None:
        """Reply to every new connection with ICMP host unreachable."""
        self._add(
            [f"-p tcp --dport {server_port} --syn -j REJECT --reject-with icmp-host-unreachable"]
        )

    def drop_matching(self, matches: Iterable[str]) -> None:
        """Silently drop packets; the text of a match for sent ones starts with OUTPUT."""
        self._add(f"{match} -j DROP" for match in matches)

    def clear(self) -> None:
        """Remove all rules."""
        self._send([])

    def _add(self, rules: Iterable[str]) -> None:
        if requested := list(rules):
            self._send(requested)

    def _send(self, rules: list[str]) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(rules) + "\n")
        self._process.stdin.flush()
        if (reply := self._process.stdout.readline().strip()) != "done":
            raise Stop(f"cannot change the firewall: {reply or 'the firewall process has ended'}")
