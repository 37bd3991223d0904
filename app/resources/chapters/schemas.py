"""Schemas for chapters: responses, request bodies and query parameters."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.http.paging import Page, View
from app.http.parameters import Names, Orders, SortBy, Substring, embeds_of, fields_of
from app.http.types import Body, Line128, SmallKey
from app.resources.summaries import AssessmentInChapter, CourseSummary, link_to_all

Number = Annotated[int, Field(ge=1, le=255)]  # TINYINT UNSIGNED
ByNumber = Annotated[Orders, SortBy("chapter_number")]


class Chapter(BaseModel):
    """A chapter as stored."""

    chapter_id: int
    course_id: int
    chapter_number: int
    title: str
    last_update: datetime
    course: CourseSummary | None = Field(None, description="With `embed=course`.")
    assessments: list[AssessmentInChapter] | None = Field(
        None, description="With `embed=assessments`."
    )
    all_assessments: str | None = link_to_all("assessments")


class ChapterBody(Body):
    """A chapter to create or replace."""

    chapter_number: Number = Field(description="Unique within the course.", examples=[1])
    title: Line128 = Field(examples=["Polyps"])


class ChapterView(View):
    """Query parameters for a single chapter."""

    fields: Annotated[Names, fields_of(Chapter)] = ()
    embed: Annotated[Names, embeds_of(Chapter)] = ()


class CourseChapterPage(ChapterView, Page):
    """Query parameters for a list of the chapters of a course."""

    sort: Annotated[ByNumber, Field(default="chapter_number", validate_default=True)]
    chapter_number: Number | None = Field(None, description="Only with this number.")
    q: Substring | None = Field(None, description="Only with this text in the title.")


class ChapterPage(ChapterView, Page):
    """Query parameters for a list of chapters."""

    sort: ByNumber = ()
    course_id: SmallKey | None = Field(None, description="Only of this course.")
    chapter_number: Number | None = Field(None, description="Only with this number.")
    q: Substring | None = Field(None, description="Only with this text in the title.")
