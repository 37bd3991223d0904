"""What a course looks like, in answers and in bodies, and how courses are asked for."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.http.paging import Page, View
from app.http.parameters import FullTextQuery, Names, Orders, SortBy, embeds_of, fields_of
from app.http.types import Body, Line128, SmallKey, Text, TinyKey
from app.resources.summaries import ChapterSummary, StaffSummary, SubjectSummary

Level = Literal["introductory", "intermediate", "advanced"]
Credits = Annotated[int, Field(ge=1, le=30)]


class Course(BaseModel):
    """A course."""

    course_id: int
    title: str
    description: str | None
    level: Level
    credits: int
    last_update: datetime
    subjects: list[SubjectSummary] | None = Field(
        None, description="By name; with `embed=subjects`."
    )
    staff: list[StaffSummary] | None = Field(
        None, description="Who teaches it, by last name; with `embed=staff`."
    )
    chapters: list[ChapterSummary] | None = Field(
        None, description="In their order; with `embed=chapters`."
    )


class CourseBody(Body):
    """A course to be stored."""

    title: Line128 = Field(examples=["Coral Reefs"])
    description: Text | None = Field(None, examples=["Life between light and limestone."])
    level: Level = "introductory"
    credits: Credits = 5


class CourseView(View):
    """One course."""

    fields: Annotated[Names, fields_of(Course)] = ()
    embed: Annotated[Names, embeds_of(Course)] = ()


class CoursePage(CourseView, Page):
    """A page of courses."""

    sort: Annotated[Orders, SortBy("title", "credits")] = ()
    title: Line128 | None = Field(None, description="Only with this title.")
    level: Level | None = Field(None, description="Only of this level.")
    credits: Credits | None = Field(None, description="Only with so many credits.")
    subject_id: TinyKey | None = Field(None, description="Only of this subject.")
    staff_id: SmallKey | None = Field(None, description="Only what this member of staff teaches.")
    q: FullTextQuery | None = Field(None, description="All these words, in title or description.")
