"""Schemas for attempts: responses, request bodies and query parameters."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.http.paging import Page, View
from app.http.parameters import Names, Orders, SortBy, embeds_of, fields_of
from app.http.types import Body, Key, MediumKey, Score, Timestamp
from app.resources.summaries import AssessmentSummary, EnrollmentSummary


class Attempt(BaseModel):
    """An attempt as stored."""

    attempt_id: int
    enrollment_id: int
    assessment_id: int
    score: Decimal
    attempt_date: datetime
    last_update: datetime
    assessment: AssessmentSummary | None = Field(None, description="With `embed=assessment`.")
    enrollment: EnrollmentSummary | None = Field(None, description="With `embed=enrollment`.")


class NewAttempt(Body):
    """An attempt to create; the assessment must belong to the course of the enrollment."""

    enrollment_id: Key = Field(examples=[1])
    assessment_id: MediumKey = Field(examples=[1])
    score: Score = Field(examples=["87.50"])
    attempt_date: Timestamp | None = Field(None, description="The current time if omitted.")


class AttemptBody(Body):
    """The fields of an attempt that can change; its enrollment and assessment cannot."""

    score: Score = Field(examples=["87.50"])
    attempt_date: Timestamp = Field(examples=["2026-10-01T08:00:00Z"])


class AttemptView(View):
    """Query parameters for a single attempt."""

    fields: Annotated[Names, fields_of(Attempt)] = ()
    embed: Annotated[Names, embeds_of(Attempt)] = ()


class AttemptPage(AttemptView, Page):
    """Query parameters for a list of attempts."""

    sort: Annotated[Orders, SortBy("attempt_date")] = ()
    enrollment_id: Key | None = Field(None, description="Only in this enrollment.")
    assessment_id: MediumKey | None = Field(None, description="Only at this assessment.")
    student_id: Key | None = Field(None, description="Only of this student.")
    min_score: Score | None = Field(None, description="Only with at least this score.")
    max_score: Score | None = Field(None, description="Only with at most this score.")
    attempted_since: Timestamp | None = Field(
        None, description="Only attempted at or after this time."
    )
    attempted_before: Timestamp | None = Field(None, description="Only attempted before this time.")


class AtDataBody(Body):
    """The chapter whose attempts are listed."""

    chapter_id: Key = Field(alias="chapterId", examples=[1])


class AtDataItem(BaseModel):
    """An attempt with camelCase names."""

    attempt_id: int = Field(alias="attemptId")
    assessment_id: int = Field(alias="assessmentId")
    title: str
    score: Decimal
    attempt_date: datetime = Field(alias="attemptDate")


class AtDataAnswer(BaseModel):
    """The response envelope of `at-data`."""

    result_code: Literal[100] = Field(alias="resultCode")
    result_description: Literal["SUCCESS"] = Field(alias="resultDescription")
    result: list[AtDataItem]
