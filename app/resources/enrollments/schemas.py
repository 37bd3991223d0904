"""Schemas for enrollments: responses, request bodies and query parameters."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.http.paging import Page, View
from app.http.parameters import Names, Orders, SortBy, embeds_of, fields_of
from app.http.types import Body, Key, SmallKey, Timestamp
from app.resources.summaries import (
    AttemptInEnrollment,
    CourseSummary,
    StudentSummary,
    link_to_all,
)


class Enrollment(BaseModel):
    """An enrollment as stored; `completion_date` is null until the course is completed."""

    enrollment_id: int
    student_id: int
    course_id: int
    enrollment_date: datetime
    completion_date: datetime | None
    last_update: datetime
    student: StudentSummary | None = Field(None, description="With `embed=student`.")
    course: CourseSummary | None = Field(None, description="With `embed=course`.")
    attempts: list[AttemptInEnrollment] | None = Field(None, description="With `embed=attempts`.")
    all_attempts: str | None = link_to_all("attempts")


class NewEnrollment(Body):
    """An enrollment to create."""

    student_id: Key = Field(examples=[1])
    course_id: SmallKey = Field(examples=[1])
    enrollment_date: Timestamp | None = Field(None, description="The current time if omitted.")


class EnrollmentBody(Body):
    """The fields of an enrollment that can change; its student and course cannot."""

    enrollment_date: Timestamp = Field(examples=["2026-09-01T08:00:00Z"])
    completion_date: Timestamp | None = Field(
        None, description="Marks the course as completed; at or after `enrollment_date`."
    )


class EnrollmentView(View):
    """Query parameters for a single enrollment."""

    fields: Annotated[Names, fields_of(Enrollment)] = ()
    embed: Annotated[Names, embeds_of(Enrollment)] = ()


class EnrollmentPage(EnrollmentView, Page):
    """Query parameters for a list of enrollments."""

    sort: Annotated[Orders, SortBy("enrollment_date")] = ()
    student_id: Key | None = Field(None, description="Only of this student.")
    course_id: SmallKey | None = Field(None, description="Only in this course.")
    completed: bool | None = Field(None, description="Only completed or only uncompleted ones.")
