"""People and addresses: names from Faker in several languages, drawn from pools.

Faker is slow and therefore asked only once for a few thousand names and streets; a person
is then a first and a last name of the same pool, by preference that of their country.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from random import Random

from faker import Faker

from sample_data.places import City

LOCALES = {
    "GB": "en_GB", "DE": "de_DE", "FR": "fr_FR", "ES": "es_ES", "BR": "pt_BR", "PL": "pl_PL",
    "SE": "sv_SE", "TR": "tr_TR", "CZ": "cs_CZ", "IT": "it_IT", "HU": "hu_HU", "DK": "da_DK",
}  # fmt: skip
ALIKE = {"US": "GB", "CA": "GB", "AU": "GB", "AT": "DE", "CH": "DE", "MX": "ES", "AR": "ES"}
DISTRICTS = (
    "Centre", "Old Town", "Harbor", "Riverside", "University Quarter", "Station Quarter",
    "North", "East", "South", "West", "Hillside", "Market Quarter",
)  # fmt: skip
# What does not decompose into a letter and an accent.
LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "æ": "ae", "ı": "i"}  # noqa: RUF001
)


@dataclass(frozen=True, slots=True)
class Person:
    """A name and an address to write to."""

    first_name: str
    last_name: str
    email: str


@dataclass(frozen=True, slots=True)
class Address:
    """The columns of `address` but its keys."""

    address: str
    district: str
    postal_code: str
    phone: str


@dataclass(frozen=True, slots=True)
class Pool:
    """What Faker gave for one language."""

    first_names: list[str]
    last_names: list[str]
    streets: list[str]
    postal_codes: list[str]


@cache
def pool_of(locale: str, seed: int) -> Pool:
    """Ask Faker."""
    fake = Faker(locale, providers=["faker.providers.person", "faker.providers.address"])
    fake.seed_instance(seed)
    return Pool(
        first_names=[fake.first_name() for _ in range(120)],
        last_names=[fake.last_name() for _ in range(160)],
        streets=[fake.street_name()[:44] for _ in range(80)],
        postal_codes=[fake.postcode()[:10] for _ in range(80)],
    )


class People:
    """Makes persons and addresses; all chance is the caller's."""

    def __init__(self, seed: int) -> None:
        self._pools = {code: pool_of(locale, seed) for code, locale in LOCALES.items()}
        self._all = list(self._pools.values())

    def person(self, chance: Random, city: City, number: int, domain: str) -> Person:
        """Make a person from a city; the number makes the email unique."""
        pool = self._pool(chance, city)
        first, last = chance.choice(pool.first_names), chance.choice(pool.last_names)
        email = f"{plain(first)[:14]}.{plain(last)[:12]}.{number}@{domain}"
        return Person(first, last, email)

    def address(self, chance: Random, city: City) -> Address:
        """Make an address in a city."""
        pool = self._pool(chance, city)
        return Address(
            address=f"{chance.choice(pool.streets)} {chance.randint(1, 180)}",
            district=chance.choice(DISTRICTS),
            postal_code=chance.choice(pool.postal_codes),
            phone=f"+{city.dialing_code} 555 {chance.randint(0, 999_999):06d}",
        )

    def _pool(self, chance: Random, city: City) -> Pool:
        code = ALIKE.get(city.country_code, city.country_code)
        return self._pools.get(code) or chance.choice(self._all)


def plain(name: str) -> str:
    """Spell a name with the letters of an email address: 'Łukasz' gives 'lukasz'."""
    decomposed = unicodedata.normalize("NFKD", name.translate(LETTERS))
    return re.sub("[^a-z]+", "", decomposed.lower())
