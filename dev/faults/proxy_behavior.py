"""Configurable behavior of a `Proxy`: new connections, chosen statements, delay and TLS."""

import ssl
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from dev.faults.packets import error_packet, query_text

# What happens to a new connection: forwarded; accepted without a handshake packet; handshake packet
# sent byte by byte; closed immediately; closed after the client's first packet (SSLRequest with
# TLS, otherwise the login); HTTP instead of a handshake packet; login answered with `login_error`.
AcceptMode = Literal[
    "normal",
    "no_greeting",
    "slow_greeting",
    "close",
    "handshake_cut",
    "other_protocol",
    "reject_login",
]
# What happens to a statement: it runs and the connection closes before its response; it runs and
# nothing more is sent on the connection; the connection closes before the server receives it; an
# error is sent instead of its response and the server never receives it; the same, and the
# connection closes.
Action = Literal[
    "close_before_response", "no_response", "close_before_execution", "error", "error_and_close"
]
ServerError = tuple[int, str]  # number and text


@dataclass(slots=True)
class StatementFault:
    """Fault for statements that contain `text`, with a probability and a maximum number of times.

    After each occurrence, the next `skip_after_each` matching statements pass unaffected, so that
    a retry succeeds. Statements that begin with a word in `except_for` always do. `error` is the
    number and the text that the actions `error` and `error_and_close` send.
    """

    text: bytes
    action: Action
    probability: float = 1.0
    times: int | None = None
    skip_after_each: int = 0
    to_skip: int = 0
    error: ServerError = (0, "")
    except_for: tuple[bytes, ...] = ()

    @property
    def response(self) -> bytes:
        """The error packet that is sent instead of the server's response."""
        return error_packet(*self.error, sequence=1)

    def applies_to(self, data: bytes, random: Random) -> bool:
        """Return whether the fault affects this statement, and count it if so."""
        if self.times == 0 or self.text not in data or not self._may_affect(data):
            return False
        if self.to_skip:
            self.to_skip -= 1
            return False
        if random.random() >= self.probability:
            return False
        self.to_skip = self.skip_after_each
        if self.times is not None:
            self.times -= 1
        return True

    def _may_affect(self, data: bytes) -> bool:
        statement = query_text(data)
        if statement is None:
            return not self.action.startswith("error")  # other packets have other responses
        return not statement.startswith(self.except_for)


@dataclass(slots=True)
class ProxyBehavior:
    """How the proxy treats new connections and statements; can be changed at any time."""

    server_port: int
    accept_mode: AcceptMode = "normal"
    login_error: ServerError = (0, "")
    delay_seconds: float = 0.0
    statement_faults: list[StatementFault] = field(default_factory=list)
    random: Random = field(default_factory=lambda: Random(1))

    def fault_for(self, data: bytes) -> StatementFault | None:
        """Return the fault that affects this statement, counting its use; None if there is none."""
        for fault in self.statement_faults:
            if fault.applies_to(data, self.random):
                return fault
        return None


@dataclass(frozen=True, slots=True)
class ProxyTls:
    """TLS contexts of a proxy: one for its clients, one for its server."""

    to_clients: ssl.SSLContext
    to_server: ssl.SSLContext

    @classmethod
    def with_certificate(cls, certificate: str, key: str) -> "ProxyTls":
        """Present these PEM files to clients, and accept any server certificate."""
        to_clients = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        to_clients.load_cert_chain(certificate, key)
        to_server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        to_server.check_hostname = False
        to_server.verify_mode = ssl.CERT_NONE
        return cls(to_clients, to_server)
