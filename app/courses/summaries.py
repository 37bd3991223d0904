"""What courses and their parts look like inside of others.

Apart from the schemas, because these show each other: a course its chapters,
a chapter its course.
"""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel

Kind = Literal["quiz", "assignment", "exam"]


class CourseSummary(BaseModel):
    """A course, in what belongs to it."""

    course_id: int
    title: str


class ChapterSummary(BaseModel):
    """A chapter, in its course."""

    chapter_id: int
    chapter_number: int
    title: str


class ChapterInCourse(BaseModel):
    """A chapter with its course, in an assessment."""

    chapter_id: int
    chapter_number: int
    title: str
    course: CourseSummary


class AssessmentSummary(BaseModel):
    """An assessment, in its chapter."""

    assessment_id: int
    title: str
    kind: Kind
    pass_score: Decimal
