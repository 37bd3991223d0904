"""Schemas for students: responses, request bodies and query parameters."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.http.paging import Page, View
from app.http.parameters import FullTextQuery, Names, Orders, SortBy, embeds_of, fields_of
from app.http.types import Body, Email, Key, Line45
from app.resources.addresses.schemas import Address
from app.resources.summaries import CampusSummary, CityInCountry


class Student(BaseModel):
    """A student as stored."""

    student_id: int
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


class StudentBody(Body):
    """A student to create or replace."""

    first_name: Line45 = Field(examples=["Zoë"])
    last_name: Line45 = Field(examples=["Sample"])
    email: Email = Field(examples=["zoe.sample@example.edu"])
    campus_id: Key = Field(examples=[1])
    active: bool = True
    address: Address


class StudentView(View):
    """Query parameters for a single student."""

    fields: Annotated[Names, fields_of(Student)] = ()
    embed: Annotated[Names, embeds_of(Student)] = ()


class StudentFilters(View):
    """Query parameters that filter students."""

    campus_id: Key | None = Field(None, description="Only of this campus.")
    active: bool | None = Field(None, description="Only active or only inactive ones.")
    last_name: Line45 | None = Field(None, description="Only with this last name.")
    email: Email | None = Field(None, description="Only with this email address.")
    q: FullTextQuery | None = Field(
        None, description="Only with all of these words in the name or the email address."
    )


class StudentPage(StudentFilters, StudentView, Page):
    """Query parameters for a list of students."""

    sort: Annotated[Orders, SortBy("last_name", "create_date")] = ()
