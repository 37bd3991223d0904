"""Schemas for users: responses, request bodies and query parameters."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from app.auth import passwords
from app.http.caller import Role
from app.http.paging import Page, View
from app.http.parameters import Names, Orders, SortBy, Substring, fields_of
from app.http.types import Body, Key, SmallKey, UserName

# The role of the users that are a person.
PERSONS = {"staff_id": "staff", "student_id": "student"}


class User(BaseModel):
    """A user as stored."""

    api_user_id: int
    user_name: str
    role: Role
    staff_id: int | None
    student_id: int | None
    active: bool
    create_date: datetime
    last_update: datetime


class UserBody(Body):
    """A user to create or replace."""

    user_name: UserName = Field(examples=["ada.sample"])
    role: Role = Field(description="What the user may do.", examples=["admin"])
    staff_id: SmallKey | None = Field(
        None, validate_default=True, description="Required with the role `staff`, and only then."
    )
    student_id: Key | None = Field(
        None, validate_default=True, description="Required with the role `student`, and only then."
    )
    active: bool = True

    @field_validator(*PERSONS)
    @classmethod
    def _match_the_role(cls, given: int | None, info: ValidationInfo) -> int | None:
        role = PERSONS[str(info.field_name)]
        if "role" in info.data and (given is None) == (info.data["role"] == role):
            raise PydanticCustomError(
                "person", "required with the role {role}, and only then", {"role": role}
            )
        return given


class NewPassword(BaseModel):
    """A password that an administrator sets."""

    model_config = ConfigDict(extra="forbid", strict=True)

    new_password: Annotated[
        SecretStr, Field(min_length=passwords.MIN_LENGTH, max_length=passwords.MAX_LENGTH)
    ] = Field(
        description=f"{passwords.MIN_LENGTH} to {passwords.MAX_LENGTH} characters of any kind.",
        examples=["a new, long and unique password"],
    )


class UserView(View):
    """Query parameters for a single user."""

    fields: Annotated[Names, fields_of(User)] = ()


class UserPage(UserView, Page):
    """Query parameters for a list of users."""

    sort: Annotated[Orders, SortBy("user_name")] = ()
    role: Role | None = Field(None, description="Only with this role.")
    active: bool | None = Field(None, description="Only active or only inactive ones.")
    user_name: UserName | None = Field(None, description="Only with this name.")
    q: Substring | None = Field(None, description="Only with this text in the name.")
