"""Schemas for courses: responses, request bodies and query parameters."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.http.paging import Page, View
from app.http.parameters import FullTextQuery, Names, Orders, SortBy, embeds_of, fields_of
from app.http.types import Body, Key, Line128, SmallKey, Text
from app.resources.summaries import ChapterSummary, StaffSummary, SubjectSummary, link_to_all

Level = Literal["introductory", "intermediate", "advanced"]
Credits = Annotated[int, Field(ge=1, le=30)]


class Course(BaseModel):
    """A course as stored."""

    course_id: int
    title: str
    description: str | None
    level: Level
    credits: int
    last_update: datetime
    subjects: list[SubjectSummary] | None = Field(
        None, description="Sorted by name, with `embed=subjects`."
    )
    all_subjects: str | None = link_to_all("subjects")
    staff: list[StaffSummary] | None = Field(
        None, description="The teachers, sorted by last name, with `embed=staff`."
    )
    all_staff: str | None = link_to_all("staff")
    chapters: list[ChapterSummary] | None = Field(
        None, description="Sorted by number, with `embed=chapters`."
    )
    all_chapters: str | None = link_to_all("chapters")


class CourseBody(Body):
    """A course to create or replace."""

    title: Line128 = Field(examples=["Coral Reefs"])
    description: Text | None = Field(None, examples=["Life between light and limestone."])
    level: Level = "introductory"
    credits: Credits = 5


class CourseView(View):
    """Query parameters for a single course."""

    fields: Annotated[Names, fields_of(Course)] = ()
    embed: Annotated[Names, embeds_of(Course)] = ()


class CoursePage(CourseView, Page):
    """Query parameters for a list of courses."""

    sort: Annotated[Orders, SortBy("title", "credits")] = ()
    title: Line128 | None = Field(None, description="Only with this title.")
    level: Level | None = Field(None, description="Only of this level.")
    credits: Credits | None = Field(None, description="Only with this number of credits.")
    subject_id: Key | None = Field(None, description="Only of this subject.")
    staff_id: SmallKey | None = Field(None, description="Only taught by this member of staff.")
    q: FullTextQuery | None = Field(
        None, description="Only with all of these words in the title or the description."
    )
