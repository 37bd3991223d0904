"""Schemas of resources embedded in others.

They are in one module because the resources embed each other.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.sql.select import MAX_EMBEDDED


def link_to_all(name: str) -> Any:
    """Return the field next to an embedded list that contains the URL of the complete list."""
    return Field(
        None,
        description=f"URL of the list of all {name}; the first {MAX_EMBEDDED} are embedded "
        f"with `embed={name}`.",
    )


AssessmentKind = Literal["quiz", "assignment", "exam"]


class CountrySummary(BaseModel):
    """A country, embedded in its city."""

    country_id: int
    country: str


class CityInCountry(BaseModel):
    """A city with its country, embedded next to an address."""

    city_id: int
    city: str
    country: CountrySummary


class CampusSummary(BaseModel):
    """A campus, embedded in its staff and students."""

    campus_id: int
    name: str


class StaffSummary(BaseModel):
    """A member of staff, embedded in a course."""

    staff_id: int
    first_name: str
    last_name: str


class SubjectSummary(BaseModel):
    """A subject, embedded in a course."""

    subject_id: int
    name: str


class CourseSummary(BaseModel):
    """A course, embedded in its chapters, staff and enrollments."""

    course_id: int
    title: str


class ChapterSummary(BaseModel):
    """A chapter, embedded in its course."""

    chapter_id: int
    chapter_number: int
    title: str


class ChapterInCourse(BaseModel):
    """A chapter with its course, embedded in an assessment."""

    chapter_id: int
    chapter_number: int
    title: str
    course: CourseSummary


class AssessmentInChapter(BaseModel):
    """An assessment, embedded in its chapter."""

    assessment_id: int
    title: str
    kind: AssessmentKind
    pass_score: Decimal


class AssessmentSummary(BaseModel):
    """An assessment, embedded in an attempt."""

    assessment_id: int
    chapter_id: int
    title: str
    kind: AssessmentKind
    pass_score: Decimal


class StudentSummary(BaseModel):
    """A student, embedded in an enrollment."""

    student_id: int
    first_name: str
    last_name: str


class EnrollmentSummary(BaseModel):
    """An enrollment with its student, embedded in an attempt."""

    enrollment_id: int
    course_id: int
    student: StudentSummary


class AttemptInEnrollment(BaseModel):
    """An attempt, embedded in its enrollment."""

    attempt_id: int
    assessment_id: int
    score: Decimal
    attempt_date: datetime
