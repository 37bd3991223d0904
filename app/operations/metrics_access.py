"""Who may read the metrics: processes on the same machine, or clients with METRICS_TOKEN.

The address of the peer is that of the TCP connection; X-Forwarded-For can contain any address.
A proxy on the same machine connects from the loopback address as well, but for remote clients. Its
requests are recognized by the headers that proxies add. A proxy that adds none of them cannot be
recognized: with METRICS_TOKEN, local processes need the token too.
"""

from hmac import compare_digest
from ipaddress import IPv6Address, ip_address

from flask import request
from pydantic import SecretStr

from app.http.problems import Problem

FORWARDING_HEADERS = (
    "Forwarded",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Server",
    "X-Real-IP",
)


def check(token: SecretStr | None) -> None:
    """Raise a `Problem` (403) unless the request is local, or has the token if there is one."""
    if token is not None:
        if not _has_token(token.get_secret_value()):
            raise Problem(403, "The metrics require METRICS_TOKEN as a bearer token.")
    elif not _is_local():
        raise Problem(
            403, "The metrics are available on the loopback address; elsewhere set METRICS_TOKEN."
        )


def _has_token(token: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    # Headers are decoded as Latin-1 (PEP 3333).
    return scheme.lower() == "bearer" and compare_digest(
        given.strip().encode("latin-1", "replace"), token.encode()
    )


def _is_local() -> bool:
    if any(name in request.headers for name in FORWARDING_HEADERS):
        return False
    # The address of the peer: ProxyFix replaces it only if there is an X-Forwarded-For.
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback
