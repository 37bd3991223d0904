"""The `SSLContext` that all connections of a process share.

Building one costs more than a TLS handshake. It is built again when the file with the certificate
authorities has changed, so that certificates can be replaced without a restart.
"""

import logging
import os
import re
import ssl
from typing import Any

from .config import ConfigError, DatabaseConfig
from .tls import TLSSocket

log = logging.getLogger(__name__)

# Device, inode, size, and the times of the last modification and status change, in ns.
FileState = tuple[int, ...] | None
MAX_NAMED_AUTHORITIES = 3

# OpenSSL's reasons (`openssl errstr`, x509_vfy.h) that persist until a certificate or a setting is
# changed. All others, such as an end of file, are failures of the network or of the server.
_REFUSALS = re.compile(
    r"certificate|mismatch|verif|unknown ca|constraint|subtree"
    r"|(unsupported|unknown) protocol|protocol version|no protocols|wrong (ssl )?version"
    r"|version too low|inappropriate fallback"
    r"|cipher|handshake failure|insufficient security|too (small|weak)|no suitable|legacy"
    r"|ssl is required",  # the drivers' own text for a server without TLS
    re.IGNORECASE,
)


def is_refusal(reason: str) -> bool:
    """Return whether the handshake failed because of its certificate, TLS version or cipher."""
    return _REFUSALS.search(reason) is not None


class TLSContext:
    """Builds the context when it is created and raises `ConfigError` for an unusable file.

    Needs no lock: two threads that read a changed file at the same time build equal contexts.
    """

    def __init__(self, config: DatabaseConfig) -> None:
        self._mode = config.ssl_mode
        self._given = config.ssl_ca
        paths = ssl.get_default_verify_paths()
        self._file: str = config.ssl_ca or paths.cafile or paths.openssl_cafile
        self._loaded = self._warned = self._state()
        self._reloaded_after_rejection: FileState = None
        try:
            self._context = self._build()
        except OSError as error:
            raise ConfigError(
                "ssl_ca", config.ssl_ca, f"use a readable file of PEM certificates ({error})"
            ) from None

    def current(self) -> ssl.SSLContext:
        """Return the context; first read the file again if it has changed. Costs one `stat`."""
        state = self._state()
        if state != self._loaded:
            self._reload(state)
        return self._context

    def reload_after_rejection(self) -> bool:
        """Read the file again after a certificate was rejected; return whether to try once more.

        The file is read again even if its state seems unchanged, since a network file system may
        return a cached state. This happens only once for each state.
        """
        state = self._state()
        if state == self._reloaded_after_rejection:
            return False
        self._reloaded_after_rejection = state
        return self._reload(state)

    def describe_trust(self) -> str:
        """Return the file and the subjects and expiry dates of its authorities, for an error."""
        if not self._given:
            return "only the system's certificate authorities are trusted"
        known = self.current().get_ca_certs()
        names = [f"{_name(one)} until {one['notAfter']}" for one in known[:MAX_NAMED_AUTHORITIES]]
        if len(known) > len(names):
            names.append(f"{len(known) - len(names)} more")
        return f"{self._given} trusts {', '.join(names) or 'no authority'}"

    def _state(self) -> FileState:
        try:
            found = os.stat(self._file)
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def _reload(self, state: FileState) -> bool:
        try:
            self._context = self._build()
        except OSError as error:
            if state != self._warned:
                log.warning(
                    "%s cannot be read (%s); the certificate authorities read before stay in use",
                    self._file,
                    error,
                )
            self._warned = state
            return False
        self._loaded = self._warned = state
        return True

    def _build(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._given)
        context.sslsocket_class = TLSSocket
        # The certificates that MySQL generates for itself do not pass the strict checks.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.check_hostname = self._mode == "VERIFY_IDENTITY"
        if self._mode == "REQUIRED":
            context.verify_mode = ssl.CERT_NONE
        return context


def _name(certificate: Any) -> str:
    """Return the last part of the subject, usually its common name."""
    key, value = certificate["subject"][-1][0] if certificate["subject"] else ("subject", "none")
    return f"{key}={value}"
