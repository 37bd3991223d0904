"""Sessions: rotating refresh tokens, so that users stay signed in without storing a password.

A refresh token can be used once and is then replaced by its successor. All successors of one
sign-in form a family. A token that is used a second time was copied, and it is not possible to
tell which of the two clients is the attacker: the whole family is revoked, and both have to sign
in again (RFC 9700, 4.14.2).

Two tabs of one browser may also refresh at the same moment. Within `REUSE_GRACE_SECONDS` of its
use, a token is therefore rejected as `JUST_USED` without revoking anything, and the client
continues with the pair that the first request returned. A client that does not have that pair
(the response was lost, or the first request was the attacker's) sends the token again after the
grace period, which revokes the family.

Only the SHA-256 hash of a token is stored; 256 random bits need no slower hash. All times are
those of the database server. Every function except `new_token` runs inside a transaction.
"""

import hashlib
import logging
import secrets
from enum import Enum
from uuid import uuid4

from app.db.transaction import Transaction
from app.http.caller import Caller

log = logging.getLogger(__name__)

REUSE_GRACE_SECONDS = 10


class Rejection(Enum):
    """The reason why a token was rejected."""

    INVALID = "unknown, expired, revoked, or used before"
    JUST_USED = "used within the grace period"


def new_token() -> str:
    """Return a new random token."""
    return secrets.token_urlsafe(32)


def start(tx: Transaction, api_user_id: int, token: str, *, seconds: int) -> None:
    """Store the first token of a new family."""
    _insert(tx, api_user_id, uuid4().bytes, token, seconds)


def rotate(tx: Transaction, token: str, successor: str, *, seconds: int) -> Caller | Rejection:
    """Replace a token by its successor and return its user with their current role.

    A rejection is returned and not raised, because the revocation has to be committed.
    """
    row = tx.fetch_one(
        """
        SELECT refresh_token.refresh_token_id, refresh_token.family_id, api_user.api_user_id,
               refresh_token.use_date IS NOT NULL AS used,
               refresh_token.use_date > NOW() - INTERVAL %s SECOND AS just_used,
               refresh_token.revoke_date IS NULL AND refresh_token.expire_date > NOW()
                 AND api_user.active AS valid,
               api_user.role, api_user.student_id, api_user.staff_id,
               (SELECT staff.campus_id FROM staff WHERE staff.staff_id = api_user.staff_id)
                 AS campus_id
        FROM refresh_token
        JOIN api_user ON api_user.api_user_id = refresh_token.api_user_id
        WHERE refresh_token.token_hash = %s
        FOR UPDATE
        """,
        (REUSE_GRACE_SECONDS, _hash(token)),
    )
    if row is None or not row["valid"]:
        return Rejection.INVALID
    if row["just_used"]:
        return Rejection.JUST_USED
    if row["used"]:
        log.warning("refresh token of user %s reused: family revoked", row["api_user_id"])
        _revoke_family(tx, row["family_id"])
        return Rejection.INVALID
    tx.execute(
        "UPDATE refresh_token SET use_date = NOW() WHERE refresh_token_id = %s",
        (row["refresh_token_id"],),
    )
    _insert(tx, row["api_user_id"], row["family_id"], successor, seconds)
    return Caller.from_row(row)


def revoke(tx: Transaction, token: str) -> None:
    """Revoke the family of a token, used or not; unknown tokens are ignored."""
    row = tx.fetch_one("SELECT family_id FROM refresh_token WHERE token_hash = %s", (_hash(token),))
    if row is not None:
        _revoke_family(tx, row["family_id"])


def revoke_all(tx: Transaction, api_user_id: int) -> None:
    """Revoke all tokens of a user."""
    tx.execute(
        "UPDATE refresh_token SET revoke_date = NOW() "
        "WHERE api_user_id = %s AND revoke_date IS NULL",
        (api_user_id,),
    )


def _revoke_family(tx: Transaction, family_id: bytes) -> None:
    tx.execute(
        "UPDATE refresh_token SET revoke_date = NOW() WHERE family_id = %s AND revoke_date IS NULL",
        (family_id,),
    )


def _insert(tx: Transaction, api_user_id: int, family_id: bytes, token: str, seconds: int) -> None:
    tx.execute(
        """
        INSERT INTO refresh_token (api_user_id, token_hash, family_id, expire_date)
        VALUES (%s, %s, %s, NOW() + INTERVAL %s SECOND)
        """,
        (api_user_id, _hash(token), family_id, seconds),
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
