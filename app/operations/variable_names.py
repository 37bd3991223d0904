"""Warnings for environment variables that look like misspelled settings.

Unknown names are not errors, since the environment also contains variables of other programs. But
a name that resembles a setting was probably meant to change it, and has no effect.
"""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from app.settings import Settings

# The minimum difflib ratio, which is precise enough for suggestions and needs no dependency:
# DATABASE_URI resembles DATABASE_URL, but HOSTNAME does not resemble HOST.
MIN_SIMILARITY = 0.85


def warnings_for(names: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each name that resembles a setting or starts with DB_."""
    known = [name.upper() for name in Settings.model_fields]
    for name in sorted(set(map(str.upper, names)) - set(known)):
        similar = get_close_matches(name, known, n=1, cutoff=MIN_SIMILARITY)
        if similar:
            yield f"{name} is set but is not a setting; did you mean {similar[0]}?"
        elif name.startswith("DB_"):
            yield f"{name} is set but is not a setting; see docs/configuration.md"
