"""Schemas for cities: responses and query parameters."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.http.paging import Page, View
from app.http.parameters import Names, Orders, SortBy, Substring, embeds_of, fields_of
from app.http.types import SmallKey
from app.resources.summaries import CountrySummary


class City(BaseModel):
    """A city as stored."""

    city_id: int
    city: str
    country_id: int
    last_update: datetime
    country: CountrySummary | None = Field(None, description="With `embed=country`.")


class CityView(View):
    """Query parameters for a single city."""

    fields: Annotated[Names, fields_of(City)] = ()
    embed: Annotated[Names, embeds_of(City)] = ()


class CityPage(CityView, Page):
    """Query parameters for a list of cities."""

    sort: Annotated[Orders, SortBy("city")] = ()
    country_id: SmallKey | None = Field(None, description="Only in this country.")
    city: str | None = Field(None, max_length=50, description="Only with this name.")
    q: Substring | None = Field(None, description="Only with this text in the name.")


class CityQuery(BaseModel):
    """Query parameters for the city lookup."""

    model_config = ConfigDict(extra="forbid")

    city: str = Field(
        min_length=1, max_length=200, description="Name of the city.", examples=["London"]
    )
