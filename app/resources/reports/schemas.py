"""What the reports look like, and how they are asked for."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.http.paging import Page, View
from app.http.parameters import Names, fields_of
from app.http.types import Key, Score, SmallKey, TinyKey


class ChapterProgress(BaseModel):
    """How far a student has come in a chapter of a course they take."""

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
    """The progress of one student, by course and chapter."""

    items: list[ChapterProgress]


class ProgressQuery(BaseModel):
    """The part of the progress that is asked for."""

    model_config = ConfigDict(extra="forbid")

    course_id: SmallKey | None = Field(None, description="Only in this course.")


class StudentAverage(BaseModel):
    """The mean of a student's best scores, one for each assessment; null before any attempt."""

    student_id: int
    average_score: Decimal | None


class CourseResults(BaseModel):
    """Enrollments, attempts and scores of a course."""

    course_id: int
    title: str
    enrollments: int
    completions: int
    attempts: int
    average_score: Decimal | None
    pass_percentage: Decimal | None


class CourseResultsView(View):
    """One course's results."""

    fields: Annotated[Names, fields_of(CourseResults)] = ()


class CourseResultsPage(CourseResultsView, Page):
    """A page of courses' results; all scores of a course are read, so it holds few."""

    limit: int = Field(5, ge=1, le=10, description="Courses a page.")


class Honors(BaseModel):
    """A student with a high average."""

    student_id: int
    campus_id: int
    first_name: str
    last_name: str
    email: str
    average_score: Decimal
    attempts: int


class HonorsPage(Page):
    """A part of the students, and who of them earned honors.

    `limit` counts the students looked at, so a page can be empty and still have a next one.
    """

    limit: int = Field(100, ge=1, le=200, description="Students looked at for a page.")
    min_average: Score = Field(description="An average of this or more.", examples=["85"])
    min_attempts: Key = Field(1, description="Over this many attempts or more.")
    campus_id: TinyKey | None = Field(None, description="Only of this campus.")
