"""Schemas for countries: responses and query parameters."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.http.paging import Page, View
from app.http.parameters import Names, Orders, SortBy, Substring, fields_of


class Country(BaseModel):
    """A country as stored."""

    country_id: int
    country: str
    last_update: datetime


class CountryView(View):
    """Query parameters for a single country."""

    fields: Annotated[Names, fields_of(Country)] = ()


class CountryPage(CountryView, Page):
    """Query parameters for a list of countries."""

    sort: Annotated[Orders, SortBy("country")] = ()
    country: str | None = Field(None, max_length=50, description="Only with this name.")
    q: Substring | None = Field(None, description="Only with this text in the name.")
