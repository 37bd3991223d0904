"""The classes of attack. Each module has `messages(target, random)` and a `WEIGHT`.

`messages` yields messages endlessly; the same `random` yields the same ones. The weight is the
relative frequency: messages that cost the service much CPU are rare, or nothing else is tested.
"""

from tests.attack.requests import (
    bodies,
    framing,
    header_bytes,
    heads,
    keys,
    operations,
    paths,
    queries,
    sign_ins,
)

ATTACKS = {
    "malformed heads": heads,
    "broken framing": framing,
    "header bytes": header_bytes,
    "hostile paths and methods": paths,
    "hostile bodies": bodies,
    "random operations": operations,
    "costly queries": queries,
    "key burning": keys,
    "sign-in floods": sign_ins,
}
