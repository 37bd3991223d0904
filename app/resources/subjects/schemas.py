"""Schemas for subjects: responses, request bodies and query parameters."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.http.paging import Page, View
from app.http.parameters import Names, Orders, SortBy, Substring, fields_of
from app.http.types import Body, Line25, SmallKey


class Subject(BaseModel):
    """A subject as stored."""

    subject_id: int
    name: str
    last_update: datetime


class SubjectBody(Body):
    """A subject to create or replace."""

    name: Line25 = Field(examples=["Marine Biology"])


class SubjectView(View):
    """Query parameters for a single subject."""

    fields: Annotated[Names, fields_of(Subject)] = ()


class SubjectPage(SubjectView, Page):
    """Query parameters for a list of subjects."""

    sort: Annotated[Orders, SortBy("name")] = ()
    name: Line25 | None = Field(None, description="Only with this name.")
    course_id: SmallKey | None = Field(None, description="Only of this course.")
    q: Substring | None = Field(None, description="Only with this text in the name.")
