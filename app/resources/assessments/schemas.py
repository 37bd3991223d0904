"""Schemas for assessments: responses, request bodies and query parameters."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field

from app.http.paging import Page, View
from app.http.parameters import Names, Orders, SortBy, Substring, embeds_of, fields_of
from app.http.types import Body, Line128, MediumKey, Score, SmallKey
from app.resources.summaries import AssessmentKind, ChapterInCourse


class Assessment(BaseModel):
    """An assessment as stored."""

    assessment_id: int
    chapter_id: int
    title: str
    kind: AssessmentKind
    pass_score: Decimal
    last_update: datetime
    chapter: ChapterInCourse | None = Field(
        None, description="The chapter and its course, with `embed=chapter`."
    )


class AssessmentBody(Body):
    """An assessment to create or replace."""

    title: Line128 = Field(examples=["Quiz: Polyps"])
    kind: AssessmentKind = Field(examples=["quiz"])
    pass_score: Score = Field(Decimal("50.00"), examples=["60.00"])


class AssessmentView(View):
    """Query parameters for a single assessment."""

    fields: Annotated[Names, fields_of(Assessment)] = ()
    embed: Annotated[Names, embeds_of(Assessment)] = ()


class ChapterAssessmentPage(AssessmentView, Page):
    """Query parameters for a list of the assessments of a chapter."""

    sort: Annotated[Orders, SortBy("title")] = ()
    kind: AssessmentKind | None = Field(None, description="Only of this kind.")
    q: Substring | None = Field(None, description="Only with this text in the title.")


class AssessmentPage(ChapterAssessmentPage):
    """Query parameters for a list of assessments."""

    course_id: SmallKey | None = Field(None, description="Only of this course.")
    chapter_id: MediumKey | None = Field(None, description="Only of this chapter.")
