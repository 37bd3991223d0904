"""What a subject looks like, in answers and in bodies, and how subjects are asked for."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.http.paging import Page, View
from app.http.parameters import Names, Orders, SortBy, Substring, fields_of
from app.http.types import Body, Line25


class Subject(BaseModel):
    """A subject."""

    subject_id: int
    name: str
    last_update: datetime


class SubjectBody(Body):
    """A subject to be stored."""

    name: Line25 = Field(examples=["Marine Biology"])


class SubjectView(View):
    """One subject."""

    fields: Annotated[Names, fields_of(Subject)] = ()


class SubjectPage(SubjectView, Page):
    """A page of subjects."""

    sort: Annotated[Orders, SortBy("name")] = ()
    name: Line25 | None = Field(None, description="Of this name.")
    q: Substring | None = Field(None, description="With this in the name.")
