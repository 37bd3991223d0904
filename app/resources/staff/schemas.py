"""Schemas for members of staff: responses, request bodies and query parameters."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.http.paging import Page, View
from app.http.parameters import FullTextQuery, Names, Orders, SortBy, embeds_of, fields_of
from app.http.types import Body, Email, Key, Line45, SmallKey
from app.resources.addresses.schemas import Address
from app.resources.summaries import CampusSummary, CityInCountry, CourseSummary, link_to_all


class Staff(BaseModel):
    """A member of staff as stored."""

    staff_id: int
    campus_id: int
    first_name: str
    last_name: str
    email: str
    address: Address
    active: bool
    create_date: datetime
    last_update: datetime
    city: CityInCountry | None = Field(None, description="With `embed=city`.")
    campus: CampusSummary | None = Field(None, description="With `embed=campus`.")
    courses: list[CourseSummary] | None = Field(
        None, description="The courses they teach, sorted by title, with `embed=courses`."
    )
    all_courses: str | None = link_to_all("courses")


class StaffBody(Body):
    """A member of staff to create or replace."""

    first_name: Line45 = Field(examples=["Inés"])
    last_name: Line45 = Field(examples=["Sample"])
    email: Email = Field(examples=["ines.sample@example.edu"])
    campus_id: Key = Field(examples=[1])
    active: bool = True
    address: Address


class StaffView(View):
    """Query parameters for a single member of staff."""

    fields: Annotated[Names, fields_of(Staff)] = ()
    embed: Annotated[Names, embeds_of(Staff)] = ()


class StaffPage(StaffView, Page):
    """Query parameters for a list of members of staff."""

    sort: Annotated[Orders, SortBy("last_name", "create_date")] = ()
    campus_id: Key | None = Field(None, description="Only of this campus.")
    course_id: SmallKey | None = Field(None, description="Only teachers of this course.")
    active: bool | None = Field(None, description="Only active or only inactive ones.")
    last_name: Line45 | None = Field(None, description="Only with this last name.")
    email: Email | None = Field(None, description="Only with this email address.")
    q: FullTextQuery | None = Field(
        None, description="Only with all of these words in the name or the email address."
    )
