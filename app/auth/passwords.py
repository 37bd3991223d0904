"""Passwords are stored as argon2id hashes (RFC 9106, the library's defaults).

Hashing is made to cost: 64 MiB and four threads for some 50 ms. So only two hashes are made at
a time in one process (128 MiB), however many sign in at once. The others wait their turn, and
are asked to come back where it does not come within five seconds.
"""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.http.problems import Problem

MIN_LENGTH = 12  # characters
MAX_LENGTH = 256  # characters, up to 1,024 bytes of UTF-8
MAX_CONCURRENT_HASHES = 2
MAX_WAIT_SECONDS = 5

_hasher = PasswordHasher()
_slots = BoundedSemaphore(MAX_CONCURRENT_HASHES)


def verify(password: str, stored: str | None) -> bool:
    """Check a password; an unknown user (None) takes as long as a known one."""
    with _turn():
        try:
            return _hasher.verify(stored or _nobodys(), _plain(password)) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def hash_password(password: str) -> str:
    """Hash a new password for storing."""
    with _turn():
        return _hasher.hash(_plain(password))


def rehash_if_needed(password: str, stored: str) -> str:
    """Give the hash to store for a password that matched: a new one where costs have risen."""
    return hash_password(password) if _hasher.check_needs_rehash(stored) else stored


def _plain(password: str) -> str:
    # The same letters, typed on any keyboard (RFC 8265, 4.2): NFC.
    return unicodedata.normalize("NFC", password)


@contextmanager
def _turn() -> Iterator[None]:
    if not _slots.acquire(timeout=MAX_WAIT_SECONDS):
        detail = "Too many sign in at this moment; nothing was stored."
        raise Problem(503, detail, kind="busy", headers=[("Retry-After", "1")])
    try:
        yield
    finally:
        _slots.release()


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")
