"""Schemas for reports: responses and query parameters."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.http.paging import Page, View
from app.http.parameters import Names, fields_of
from app.http.types import Key, Score, SmallKey


class ChapterProgress(BaseModel):
    """A student's progress in a chapter of an enrolled course."""

    enrollment_id: int
    course_id: int
    chapter_id: int
    chapter_number: int
    title: str
    assessments: int
    attempted: int
    passed: int
    attempts: int
    average_score: Decimal | None
    best_score: Decimal | None


class Progress(BaseModel):
    """The progress of a student, by course and chapter."""

    items: list[ChapterProgress]


class ProgressQuery(BaseModel):
    """Query parameters for the progress of a student."""

    model_config = ConfigDict(extra="forbid")

    course_id: SmallKey | None = Field(None, description="Only in this course.")


class StudentAverage(BaseModel):
    """The mean of a student's best score in each assessment; null without attempts."""

    student_id: int
    average_score: Decimal | None


class CourseResults(BaseModel):
    """The results of a course."""

    course_id: int
    title: str
    enrollments: int
    completions: int
    attempts: int
    average_score: Decimal | None
    pass_percentage: Decimal | None


class CourseResultsView(View):
    """Query parameters for the results of a single course."""

    fields: Annotated[Names, fields_of(CourseResults)] = ()


class CourseResultsPage(CourseResultsView, Page):
    """Query parameters for a list of course results.

    The limit is low, because the results of all assessments of each course are added up.
    """

    limit: int = Field(5, ge=1, le=10, description="Courses per page.")


class Honors(BaseModel):
    """A student who earned honors."""

    student_id: int
    campus_id: int
    first_name: str
    last_name: str
    email: str
    average_score: Decimal
    attempts: int


class HonorsPage(Page):
    """Query parameters for the honors report.

    `limit` counts the students examined, so a page can be empty and still have a next one.
    """

    limit: int = Field(100, ge=1, le=200, description="Students examined per page.")
    min_average: Score = Field(description="Only with at least this average.", examples=["85"])
    min_attempts: Key = Field(1, description="Only with at least this number of attempts.")
    campus_id: Key | None = Field(None, description="Only of this campus.")
