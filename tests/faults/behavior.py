"""How a `Proxy` treats flows and statements, and what it needs to listen in on TLS."""

import ssl
from dataclasses import dataclass, field
from random import Random
from typing import Literal

Door = Literal["open", "deaf", "drip", "refusing"]
# What becomes of a statement: it is run and its answer ends the flow; it is run and nothing is
# ever heard again; the flow ends before the server has seen it.
Harm = Literal["cut", "swallow", "drop"]


@dataclass(slots=True)
class Trap:
    """Harm done to the statements that contain `text`: to each with this chance, so many times.

    After each, `spare` statements pass unharmed: so a repeated one does.
    """

    text: bytes
    harm: Harm
    chance: float = 1.0
    times: int | None = None
    spare: int = 0
    to_spare: int = 0

    def takes(self, said: bytes, chance: Random) -> bool:
        """Whether this statement falls into the trap, which then counts it."""
        if self.times == 0 or self.text not in said:
            return False
        if self.to_spare:
            self.to_spare -= 1
            return False
        if chance.random() >= self.chance:
            return False
        self.to_spare = self.spare
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(slots=True)
class Behavior:
    """How the network treats what comes from now on; change it at any time."""

    target: int
    door: Door = "open"
    delay_seconds: float = 0.0
    traps: list[Trap] = field(default_factory=list)
    chance: Random = field(default_factory=lambda: Random(1))

    def trap_for(self, said: bytes) -> Trap | None:
        """Find the trap that this statement falls into, and use it up."""
        for trap in self.traps:
            if trap.takes(said, self.chance):
                return trap
        return None


@dataclass(frozen=True, slots=True)
class Tls:
    """Both ends of the encryption: the certificate shown to clients, and how servers are met."""

    to_clients: ssl.SSLContext
    to_server: ssl.SSLContext

    @classmethod
    def with_certificate(cls, certificate: str, key: str) -> "Tls":
        """Use these PEM files towards clients, and trust any server."""
        to_clients = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        to_clients.load_cert_chain(certificate, key)
        to_server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        to_server.check_hostname = False
        to_server.verify_mode = ssl.CERT_NONE
        return cls(to_clients, to_server)
