"""Types of the values in bodies and parameters; their limits are the columns' own."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

TinyKey = Annotated[int, Field(ge=1, le=255)]  # TINYINT UNSIGNED
SmallKey = Annotated[int, Field(ge=1, le=65_535)]  # SMALLINT UNSIGNED
MediumKey = Annotated[int, Field(ge=1, le=16_777_215)]  # MEDIUMINT UNSIGNED
Key = Annotated[int, Field(ge=1, le=4_294_967_295)]  # INT UNSIGNED

# Written so that the regular expressions of Python, Rust and ECMA 262 agree on them: what
# counts as \s is not the same to them. U+2028 and U+2029 separate lines, U+00A0 is a space.
_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_SPACE = r"\x20\xa0"
LINE = f"^[^{_CONTROL}{_SPACE}]([^{_CONTROL}]*[^{_CONTROL}{_SPACE}])?$"
TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
EMAIL = f"^[^@{_CONTROL}{_SPACE}]+@[^@{_CONTROL}{_SPACE}]+$"
RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
SCORE = r"^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)$"

# What is said instead of a pattern that nobody wants to read.
PATTERN_DESCRIPTIONS = {
    LINE: "a line of text, without control characters, not beginning or ending with a space",
    TEXT: "text without control characters",
    EMAIL: "an email address has the form name@domain",
}


def message_of(item: ErrorDetails) -> str:
    """Give pydantic's words for a bad value, but for the patterns that nobody wants to read."""
    pattern = item.get("ctx", {}).get("pattern")
    return PATTERN_DESCRIPTIONS.get(str(pattern), item["msg"])


# Whether mail arrives, only a mail can tell.
Email = Annotated[str, StringConstraints(max_length=50, pattern=EMAIL)]
Line10 = Annotated[str, StringConstraints(max_length=10, pattern=LINE)]
Line20 = Annotated[str, StringConstraints(max_length=20, pattern=LINE)]
Line25 = Annotated[str, StringConstraints(max_length=25, pattern=LINE)]
Line45 = Annotated[str, StringConstraints(max_length=45, pattern=LINE)]
Line50 = Annotated[str, StringConstraints(max_length=50, pattern=LINE)]
Line128 = Annotated[str, StringConstraints(max_length=128, pattern=LINE)]
# A TEXT column holds 65,535 bytes, a character up to 4 of them.
Text = Annotated[str, StringConstraints(max_length=16_000, pattern=TEXT)]


class Body(BaseModel):
    """A request's body: no field but these, and no type but theirs."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _whole(cls, given: Any) -> Any:
        """Take 8.0 for 8: JSON has one kind of number."""
        return int(given) if isinstance(given, float) and given.is_integer() else given


def _moment(given: Any) -> datetime:
    if not isinstance(given, str) or not RFC_3339.fullmatch(given):
        raise PydanticCustomError("moment", 'a time like "2026-09-01T08:00:00Z" (RFC 3339)')
    try:
        return datetime.fromisoformat(given.upper())
    except ValueError:
        raise PydanticCustomError("moment", "there is no such day or time") from None


def _in_utc(moment: datetime) -> datetime:
    """Give the moment as the columns store it: UTC, whole seconds, no zone."""
    try:
        return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    except OverflowError:
        raise PydanticCustomError("moment", "a year from 1 to 9999, in UTC too") from None


def _decimal(given: Any) -> Decimal:
    if not isinstance(given, str) or not re.fullmatch(SCORE, given, re.ASCII):
        raise PydanticCustomError(
            "score", 'a string from "0" to "100" with at most two decimals, such as "87.50"'
        )
    return Decimal(given)


# RFC 3339 with its offset; fractions of a second are cut off.
Timestamp = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_in_utc)]
# DECIMAL(5,2); a string, since a JSON number would become a binary fraction on the way.
Score = Annotated[
    Decimal, BeforeValidator(_decimal), WithJsonSchema({"type": "string", "pattern": SCORE})
]
