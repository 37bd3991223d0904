"""What an enrollment looks like, in answers and in bodies, and how enrollments are asked for."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.http.paging import Page, View
from app.http.parameters import Names, Orders, SortBy, embeds_of, fields_of
from app.http.types import Body, Key, SmallKey, Timestamp
from app.resources.summaries import AttemptInEnrollment, CourseSummary, StudentSummary


class Enrollment(BaseModel):
    """An enrollment; without `completion_date` the course is not completed."""

    enrollment_id: int
    student_id: int
    course_id: int
    enrollment_date: datetime
    completion_date: datetime | None
    last_update: datetime
    student: StudentSummary | None = Field(None, description="With `embed=student`.")
    course: CourseSummary | None = Field(None, description="With `embed=course`.")
    attempts: list[AttemptInEnrollment] | None = Field(None, description="With `embed=attempts`.")


class NewEnrollment(Body):
    """A student to be enrolled in a course."""

    student_id: Key = Field(examples=[1])
    course_id: SmallKey = Field(examples=[1])
    enrollment_date: Timestamp | None = Field(None, description="Now, unless given.")


class EnrollmentBody(Body):
    """What changes in an enrollment; its student and its course never do."""

    enrollment_date: Timestamp = Field(examples=["2026-09-01T08:00:00Z"])
    completion_date: Timestamp | None = Field(None, description="Not before the enrollment.")


class EnrollmentView(View):
    """One enrollment."""

    fields: Annotated[Names, fields_of(Enrollment)] = ()
    embed: Annotated[Names, embeds_of(Enrollment)] = ()


class EnrollmentPage(EnrollmentView, Page):
    """A page of enrollments."""

    sort: Annotated[Orders, SortBy("enrollment_date")] = ()
    student_id: Key | None = Field(None, description="Only of this student.")
    course_id: SmallKey | None = Field(None, description="Only in this course.")
    completed: bool | None = Field(None, description="Only completed ones, or only the others.")
