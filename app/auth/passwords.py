"""Passwords are stored as argon2id hashes (RFC 9106, the library's defaults)."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()


def matches(password: str, stored: str | None) -> bool:
    """Check a password; an unknown user (None) takes as long as a known one."""
    try:
        return _hasher.verify(stored or _nobodys(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def hashed(password: str) -> str:
    """Hash a new password for storing."""
    return _hasher.hash(password)


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")
