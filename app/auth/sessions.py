"""Refresh tokens: who signed in stays signed in, without a password on the device.

A token is good for one refresh, which gives its successor: all successors of one sign-in are a
family. A token that comes a second time was copied by somebody, and which of the two is the
thief cannot be known: the family is revoked, and both must sign in (RFC 9700, 4.14.2).

Two tabs of one browser refresh at the same moment, too, without any thief. So within
`REUSE_GRACE_SECONDS` of its use a token is `TOO_SOON`: it gives nothing and revokes nothing.
Whoever has the winner's answer at hand goes on with it. Whoever has not (the answer was lost,
or the winner was a thief) sends the token again when that time is over, and ends the family.

Only a SHA-256 of a token is stored; its 256 random bits need no slower hash. All times are the
database's own. Every function but `new_token` belongs into a unit of work.
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


class Refused(Enum):
    """Why a token gave no successor."""

    INVALID = "unknown, expired, revoked, or used before"
    TOO_SOON = "used a moment ago"


def new_token() -> str:
    """Make a token; whoever has it is the user."""
    return secrets.token_urlsafe(32)


def start(tx: Transaction, api_user_id: int, token: str, *, seconds: int) -> None:
    """Store the first token of a new family."""
    _insert(tx, api_user_id, uuid4().bytes, token, seconds)


def rotate(tx: Transaction, token: str, successor: str, *, seconds: int) -> Caller | Refused:
    """Replace a token by its successor, and give its user as they are now.

    A refusal is no exception: what was revoked for it has to be committed.
    """
    row = tx.fetch_one(
        """
        SELECT refresh_token.refresh_token_id, refresh_token.family_id, api_user.api_user_id,
               refresh_token.use_date IS NOT NULL AS used,
               refresh_token.use_date > NOW() - INTERVAL %s SECOND AS just_used,
               refresh_token.revoke_date IS NULL AND refresh_token.expire_date > NOW()
                 AND api_user.active AS good,
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
    if row is None or not row["good"]:
        return Refused.INVALID
    if row["just_used"]:
        return Refused.TOO_SOON
    if row["used"]:
        log.warning("a refresh token of user %s came again: family revoked", row["api_user_id"])
        _revoke_family(tx, row["family_id"])
        return Refused.INVALID
    tx.execute(
        "UPDATE refresh_token SET use_date = NOW() WHERE refresh_token_id = %s",
        (row["refresh_token_id"],),
    )
    _insert(tx, row["api_user_id"], row["family_id"], successor, seconds)
    return Caller.from_row(row)


def end(tx: Transaction, token: str) -> None:
    """Revoke the family of a token, whether it was used or not; an unknown one is no matter."""
    row = tx.fetch_one("SELECT family_id FROM refresh_token WHERE token_hash = %s", (_hash(token),))
    if row is not None:
        _revoke_family(tx, row["family_id"])


def end_all(tx: Transaction, api_user_id: int) -> None:
    """Revoke every token of a user."""
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
