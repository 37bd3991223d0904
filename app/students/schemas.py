"""What a valid request about students looks like; lengths are the columns' own."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.http.paging import Page

Key = Annotated[int, Field(ge=1, le=4294967295)]  # INT UNSIGNED
CampusKey = Annotated[int, Field(ge=1, le=255)]  # TINYINT UNSIGNED
Name = Annotated[
    str,
    # any text but control characters, NUL among them
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=45, pattern=r"^[^\x00-\x1f\x7f]*$"
    ),
]


def _has_address_form(email: str) -> str:
    # One @ with something on both sides: whether mail arrives, only a mail can tell.
    if not re.fullmatch(r"[^@\s\x00]+@[^@\s\x00]+", email):
        raise PydanticCustomError("email", "an email address has the form name@domain")
    return email


Email = Annotated[str, StringConstraints(max_length=50), AfterValidator(_has_address_form)]


class StudentPage(Page):
    """A page of students, ordered by their key."""

    campus_id: CampusKey | None = Field(None, description="Only of this campus.")
    active: bool | None = Field(None, description="Only active ones, or only the others.")
    last_name: Name | None = Field(None, description="Only with this last name.")


class NewStudent(BaseModel):
    """A student to be created."""

    model_config = ConfigDict(extra="forbid", strict=True)

    first_name: Name
    last_name: Name
    email: Email
    campus_id: CampusKey
    address_id: Key
    active: bool = True
