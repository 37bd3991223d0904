"""People and addresses, with names from Faker in several languages.

Faker is slow, so a few thousand names and streets are generated once per language. A person gets a
first and a last name of one language, if possible that of their country.
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
SAME_LANGUAGE = {
    "US": "GB",
    "CA": "GB",
    "AU": "GB",
    "AT": "DE",
    "CH": "DE",
    "MX": "ES",
    "AR": "ES",
}
DISTRICTS = (
    "Centre", "Old Town", "Harbor", "Riverside", "University Quarter", "Station Quarter",
    "North", "East", "South", "West", "Hillside", "Market Quarter",
)  # fmt: skip
# Letters that do not decompose into a base letter and an accent.
LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "æ": "ae", "ı": "i"}  # noqa: RUF001
)


@dataclass(frozen=True, slots=True)
class Person:
    """A name and an email address."""

    first_name: str
    last_name: str
    email: str


@dataclass(frozen=True, slots=True)
class Address:
    """The columns of `address`, except keys."""

    address: str
    district: str
    postal_code: str
    phone: str


@dataclass(frozen=True, slots=True)
class NameSet:
    """Names, streets and postal codes of one language."""

    first_names: list[str]
    last_names: list[str]
    streets: list[str]
    postal_codes: list[str]


@cache
def generate_names(locale: str, seed: int) -> NameSet:
    """Generate the names of one language with Faker."""
    fake = Faker(locale, providers=["faker.providers.person", "faker.providers.address"])
    fake.seed_instance(seed)
    return NameSet(
        first_names=[fake.first_name() for _ in range(120)],
        last_names=[fake.last_name() for _ in range(160)],
        streets=[fake.street_name()[:44] for _ in range(80)],
        postal_codes=[fake.postcode()[:10] for _ in range(80)],
    )


class People:
    """Creates people and addresses from the random numbers of the caller."""

    def __init__(self, seed: int) -> None:
        self._name_sets = {code: generate_names(locale, seed) for code, locale in LOCALES.items()}
        self._all = list(self._name_sets.values())

    def person(self, rng: Random, city: City, number: int, domain: str) -> Person:
        """Create a person in a city; the number makes the email address unique."""
        names = self._names_for(rng, city)
        first, last = rng.choice(names.first_names), rng.choice(names.last_names)
        email = f"{to_ascii(first)[:14]}.{to_ascii(last)[:12]}.{number}@{domain}"
        return Person(first, last, email)

    def address(self, rng: Random, city: City) -> Address:
        """Create an address in a city."""
        names = self._names_for(rng, city)
        return Address(
            address=f"{rng.choice(names.streets)} {rng.randint(1, 180)}",
            district=rng.choice(DISTRICTS),
            postal_code=rng.choice(names.postal_codes),
            phone=f"+{city.dialing_code} 555 {rng.randint(0, 999_999):06d}",
        )

    def _names_for(self, rng: Random, city: City) -> NameSet:
        code = SAME_LANGUAGE.get(city.country_code, city.country_code)
        return self._name_sets.get(code) or rng.choice(self._all)


def to_ascii(name: str) -> str:
    """Return a name in lowercase ASCII letters for an email address: 'lukasz' for 'Łukasz'."""
    decomposed = unicodedata.normalize("NFKD", name.translate(LETTERS))
    return re.sub("[^a-z]+", "", decomposed.lower())
