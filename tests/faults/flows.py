"""A firewall on the loopback interface that forgets, or resets, the TCP flows it is told to.

    with Firewall() as firewall:
        firewall.forget([40112], server_port)
        firewall.lift()

Real iptables rules, so what the kernel does about lost packets is real, too. They are kept by
a process of their own (`guardian`) and go away with this program, also when it is killed. Needs
root, or sudo without a password.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from dev.system_packages import Stop, find_program

ESTABLISHED = "01"  # proc_pid_net(5), include/net/tcp_states.h
GUARDIAN = Path(__file__).with_name("guardian.py")


def established(server_port: int) -> list[int]:
    """List the client's ports of the flows to this port of this machine (IPv4)."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    ends = [line.split()[1:4] for line in lines]
    return [
        int(local.partition(":")[2], 16)
        for local, remote, state in ends
        if state == ESTABLISHED and int(remote.partition(":")[2], 16) == server_port
    ]


class Firewall:
    """Rules for flows, each known by its client's port and its server's."""

    def __enter__(self) -> Self:
        find_program("iptables-restore", package="iptables", why="a test drops packets")
        self._guardian = subprocess.Popen(
            [sys.executable, "-S", "-E", str(GUARDIAN)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        try:
            self.lift()  # so that a firewall that cannot work says so at once
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Remove all rules; returns when they are gone."""
        assert self._guardian.stdin is not None
        assert self._guardian.stdout is not None
        self._guardian.stdin.close()
        self._guardian.wait(30)
        self._guardian.stdout.close()

    def forget(self, client_ports: Iterable[int], server_port: int) -> None:
        """Drop every packet of these flows, both ways, without a word."""
        self._order(
            rule
            for port in client_ports
            for rule in (
                f"-p tcp --sport {port} --dport {server_port} -j DROP",
                f"-p tcp --sport {server_port} --dport {port} -j DROP",
            )
        )

    def lose_answers(self, client_ports: Iterable[int], server_port: int) -> None:
        """Let what the clients send arrive, and nothing come back."""
        self._order(f"-p tcp --sport {server_port} --dport {port} -j DROP" for port in client_ports)

    def reset_at_next_packet(self, client_ports: Iterable[int], server_port: int) -> None:
        """Say nothing until a client sends again, and then RST, as NAT gateways do."""
        self._order(
            f"-p tcp --sport {port} --dport {server_port} -j REJECT --reject-with tcp-reset"
            for port in client_ports
        )

    def make_unreachable(self, server_port: int) -> None:
        """Answer every new connection with "host unreachable"."""
        self._order(
            [f"-p tcp --dport {server_port} --syn -j REJECT --reject-with icmp-host-unreachable"]
        )

    def lift(self) -> None:
        """Let everything pass again."""
        self._send([])

    def _order(self, rules: Iterable[str]) -> None:
        if listed := list(rules):
            self._send(listed)

    def _send(self, rules: list[str]) -> None:
        assert self._guardian.stdin is not None
        assert self._guardian.stdout is not None
        self._guardian.stdin.write(json.dumps(rules) + "\n")
        self._guardian.stdin.flush()
        if (reply := self._guardian.stdout.readline().strip()) != "done":
            raise Stop(f"the firewall refused: {reply or 'its guardian ended'}")
