"""Schemas for campuses: responses, request bodies and query parameters."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.http.paging import Page, View
from app.http.parameters import Names, Orders, SortBy, Substring, embeds_of, fields_of
from app.http.types import Body, Line50
from app.resources.addresses.schemas import Address
from app.resources.summaries import CityInCountry


class Campus(BaseModel):
    """A campus as stored."""

    campus_id: int
    name: str
    address: Address
    last_update: datetime
    city: CityInCountry | None = Field(None, description="With `embed=city`.")


class CampusBody(Body):
    """A campus to create or replace."""

    name: Line50 = Field(examples=["Harbor Campus"])
    address: Address


class CampusView(View):
    """Query parameters for a single campus."""

    fields: Annotated[Names, fields_of(Campus)] = ()
    embed: Annotated[Names, embeds_of(Campus)] = ()


class CampusPage(CampusView, Page):
    """Query parameters for a list of campuses."""

    sort: Annotated[Orders, SortBy("name")] = ()
    name: Line50 | None = Field(None, description="Only with this name.")
    q: Substring | None = Field(None, description="Only with this text in the name.")
