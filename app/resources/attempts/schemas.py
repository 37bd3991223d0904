"""What an attempt looks like, in answers and in bodies, and how attempts are asked for."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.http.paging import Page, View
from app.http.parameters import Names, Orders, SortBy, embeds_of, fields_of
from app.http.types import Body, Key, MediumKey, Score, Timestamp
from app.resources.summaries import AssessmentSummary, EnrollmentSummary


class Attempt(BaseModel):
    """An attempt at an assessment."""

    attempt_id: int
    enrollment_id: int
    assessment_id: int
    score: Decimal
    attempt_date: datetime
    last_update: datetime
    assessment: AssessmentSummary | None = Field(None, description="With `embed=assessment`.")
    enrollment: EnrollmentSummary | None = Field(None, description="With `embed=enrollment`.")


class NewAttempt(Body):
    """An attempt to be stored; the assessment is one of the enrolled course."""

    enrollment_id: Key = Field(examples=[1])
    assessment_id: MediumKey = Field(examples=[1])
    score: Score = Field(examples=["87.50"])
    attempt_date: Timestamp | None = Field(None, description="Now, unless given.")


class AttemptBody(Body):
    """What changes in an attempt; its enrollment and its assessment never do."""

    score: Score = Field(examples=["87.50"])
    attempt_date: Timestamp = Field(examples=["2026-10-01T08:00:00Z"])


class AttemptView(View):
    """One attempt."""

    fields: Annotated[Names, fields_of(Attempt)] = ()
    embed: Annotated[Names, embeds_of(Attempt)] = ()


class AttemptPage(AttemptView, Page):
    """A page of attempts."""

    sort: Annotated[Orders, SortBy("attempt_date")] = ()
    enrollment_id: Key | None = Field(None, description="Only in this enrollment.")
    assessment_id: MediumKey | None = Field(None, description="Only at this assessment.")
    student_id: Key | None = Field(None, description="Only of this student.")
    min_score: Score | None = Field(None, description="Only with this score or more.")
    max_score: Score | None = Field(None, description="Only with this score or less.")
    attempted_since: Timestamp | None = Field(None, description="Only at this time or later.")
    attempted_before: Timestamp | None = Field(None, description="Only before this time.")


class AtDataBody(Body):
    """The chapter asked for."""

    chapter_id: Key = Field(alias="chapterId", examples=[1])


class AtDataItem(BaseModel):
    """An attempt, in the words of the original call."""

    attempt_id: int = Field(alias="attemptId")
    assessment_id: int = Field(alias="assessmentId")
    title: str
    score: Decimal
    attempt_date: datetime = Field(alias="attemptDate")


class AtDataAnswer(BaseModel):
    """The envelope of the original call."""

    result_code: Literal[100] = Field(alias="resultCode")
    result_description: Literal["SUCCESS"] = Field(alias="resultDescription")
    result: list[AtDataItem]
