"""Password hashing with argon2id (RFC 9106, the defaults of argon2-cffi).

One hash takes 64 MiB and four threads for about 50 ms. Each process therefore computes only one
at a time, regardless of the number of simultaneous sign-ins, which keeps a worker below 150 MB.
Other requests wait for up to five seconds, then get a 503 response with Retry-After.
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
MAX_CONCURRENT_HASHES = 1
MAX_WAIT_SECONDS = 5

_hasher = PasswordHasher()
_slots = BoundedSemaphore(MAX_CONCURRENT_HASHES)


def verify(password: str, stored: str | None) -> bool:
    """Return whether a password matches the stored hash.

    `stored` is None for an unknown user; the check then takes as long as for a known one.
    """
    is_hash = stored is not None and stored.startswith("$argon2")  # else the user has no password
    with _hash_slot():
        try:
            known = stored if stored is not None and is_hash else _dummy_hash()
            matches = _hasher.verify(known, _normalize(password))
        except (VerificationError, InvalidHashError):
            return False
    return matches and is_hash


def hash_password(password: str) -> str:
    """Return the hash to store for a new password."""
    with _hash_slot():
        return _hasher.hash(_normalize(password))


def rehash_if_needed(password: str, stored: str) -> str:
    """Return the hash to store for a verified password: a new one if the parameters changed."""
    return hash_password(password) if _hasher.check_needs_rehash(stored) else stored


def _normalize(password: str) -> str:
    # NFC, so that the same characters match regardless of the keyboard (RFC 8265, 4.2).
    return unicodedata.normalize("NFC", password)


@contextmanager
def _hash_slot() -> Iterator[None]:
    """Wait for one of the slots for hash computations."""
    if not _slots.acquire(timeout=MAX_WAIT_SECONDS):
        detail = "Too many simultaneous sign-ins; nothing was stored."
        raise Problem(503, detail, kind="busy", headers=[("Retry-After", "1")])
    try:
        yield
    finally:
        _slots.release()


@cache
def _dummy_hash() -> str:
    """Return a hash to verify against if the user is unknown."""
    return _hasher.hash("dummy password for unknown users")
