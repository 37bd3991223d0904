"""Variables that somebody set, believing that this service reads them.

A name that is not known is no error: the environment belongs to others, too. But one that looks
like a setting, and is none, was meant to change something, and changes nothing.
"""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from app.settings import Settings

ALIKE = 0.85  # DATABASE_URI and DATABASE_URL are; HOSTNAME and HOST are not


def doubts(names: Iterable[str]) -> Iterator[str]:
    """Give a sentence for each name that is misspelled, or begins as ours do."""
    known = [name.upper() for name in Settings.model_fields]
    for name in sorted(set(map(str.upper, names)) - set(known)):
        close = get_close_matches(name, known, n=1, cutoff=ALIKE)
        if close:
            yield f"{name} is set, and is no setting; {close[0]} is one"
        elif name.startswith("DB_"):
            yield f"{name} is set, and is no setting; docs/configuration.md lists them"
