"""Types of the values in bodies and parameters, with the limits of their columns."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PrivateAttr,
    StringConstraints,
    WithJsonSchema,
    field_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

SmallKey = Annotated[int, Field(ge=1, le=65_535)]  # SMALLINT UNSIGNED
MediumKey = Annotated[int, Field(ge=1, le=16_777_215)]  # MEDIUMINT UNSIGNED
Key = Annotated[int, Field(ge=1, le=4_294_967_295)]  # INT UNSIGNED
Integer = Annotated[int, Field(ge=-2_147_483_648, le=2_147_483_647)]  # INT

# These patterns match the same strings in Python, Rust and ECMA 262, which differ in the meaning
# of \s. U+2028 and U+2029 are line separators, U+00A0 is a no-break space.
_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_SPACE = r"\x20\xa0"
LINE = f"^[^{_CONTROL}{_SPACE}]([^{_CONTROL}]*[^{_CONTROL}{_SPACE}])?$"
TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
# HTTP Basic separates the user name from the password by a colon (RFC 7617, section 2).
USER_NAME = f"^[^{_CONTROL}{_SPACE}:]([^{_CONTROL}:]*[^{_CONTROL}{_SPACE}:])?$"
EMAIL = f"^[^@{_CONTROL}{_SPACE}]+@[^@{_CONTROL}{_SPACE}]+$"
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
SCORE = r"^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)$"

# Error messages instead of the patterns themselves.
PATTERN_DESCRIPTIONS = {
    LINE: "must be a line of text without control characters, leading or trailing spaces",
    USER_NAME: "must be a line of text without colons, leading or trailing spaces",
    TEXT: "must be text without control characters",
    EMAIL: "must be an email address of the form name@domain",
}


def message_of(item: ErrorDetails) -> str:
    """Return the message for an invalid value: pydantic's, or the description of the pattern."""
    pattern = item.get("ctx", {}).get("pattern")
    return PATTERN_DESCRIPTIONS.get(str(pattern), item["msg"])


# Only the form is checked, not that the address exists.
Email = Annotated[str, StringConstraints(max_length=50, pattern=EMAIL)]
UserName = Annotated[str, StringConstraints(max_length=50, pattern=USER_NAME)]
Line10 = Annotated[str, StringConstraints(max_length=10, pattern=LINE)]
Line20 = Annotated[str, StringConstraints(max_length=20, pattern=LINE)]
Line25 = Annotated[str, StringConstraints(max_length=25, pattern=LINE)]
Line45 = Annotated[str, StringConstraints(max_length=45, pattern=LINE)]
Line50 = Annotated[str, StringConstraints(max_length=50, pattern=LINE)]
Line128 = Annotated[str, StringConstraints(max_length=128, pattern=LINE)]
# A TEXT column holds 65,535 bytes; a character takes up to 4.
Text = Annotated[str, StringConstraints(max_length=16_000, pattern=TEXT)]


class Body(BaseModel):
    """A request body: unknown fields and other types are rejected.

    `stated` are the read-only fields it contained: clients send back what they have read. They
    must have the values of the stored row.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    _stated: dict[str, Any] = PrivateAttr(default_factory=dict)

    @property
    def stated(self) -> dict[str, Any]:
        """The read-only fields, by name."""
        return self._stated

    def stating(self, values: dict[str, Any]) -> Self:
        """Return this body with these read-only fields."""
        self._stated = values
        return self

    @field_validator("*", mode="before")
    @classmethod
    def _accept_whole_floats(cls, given: Any) -> Any:
        """Convert 8.0 to 8: JSON does not distinguish integers from floats."""
        return int(given) if isinstance(given, float) and given.is_integer() else given


def _parse_timestamp(given: Any) -> datetime:
    if not isinstance(given, str) or not RFC_3339.fullmatch(given):
        raise PydanticCustomError(
            "timestamp", 'must be an RFC 3339 time such as "2026-09-01T08:00:00Z"'
        )
    try:
        return datetime.fromisoformat(given.upper())
    except ValueError:
        raise PydanticCustomError("timestamp", "must be an existing date and time") from None


def _parse_date(given: Any) -> date:
    if not isinstance(given, str) or not ISO_DATE.fullmatch(given):
        raise PydanticCustomError("date", 'must be a date such as "2026-09-01"')
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise PydanticCustomError("date", "must be an existing date") from None


def _in_utc(time: datetime) -> datetime:
    """Return the time as columns store it: in UTC, in whole seconds, without a time zone."""
    try:
        return time.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    except OverflowError:
        raise PydanticCustomError("timestamp", "must be in the years 1 to 9999 in UTC") from None


def _parse_score(given: Any) -> Decimal:
    if not isinstance(given, str) or not re.fullmatch(SCORE, given, re.ASCII):
        raise PydanticCustomError(
            "score", 'must be a string from "0" to "100" with at most two decimals, such as "87.50"'
        )
    return Decimal(given)


@dataclass(frozen=True, slots=True)
class Digits:
    """A DECIMAL of this many digits, `places` of them after the point, as a string.

    Usage: `price: Annotated[Decimal, Digits(7, 2)]`. Further digits are rejected, not rounded.
    """

    digits: int
    places: int

    @property
    def pattern(self) -> str:
        whole = self.digits - self.places
        decimals = rf"(\.[0-9]{{1,{self.places}}})?" if self.places else ""
        return f"^-?{f'[0-9]{{1,{whole}}}' if whole else '0'}{decimals}$"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": self.pattern}

    def _read(self, given: Any) -> Decimal:
        if not isinstance(given, str) or not re.fullmatch(self.pattern, given, re.ASCII):
            whole = self.digits - self.places
            raise PydanticCustomError(
                "decimal",
                "must be a decimal in a string, with at most {whole} digits before and {places}"
                " after the point",
                {"whole": whole, "places": self.places},
            )
        return Decimal(given)


# A calendar date without a time zone, as in ISO 8601 and RFC 3339.
Date = Annotated[date, BeforeValidator(_parse_date)]
# RFC 3339 with an offset; fractions of a second are truncated.
Timestamp = Annotated[AwareDatetime, BeforeValidator(_parse_timestamp), AfterValidator(_in_utc)]
# DECIMAL(5,2), as a string: many JSON parsers turn numbers into binary fractions.
Score = Annotated[
    Decimal, BeforeValidator(_parse_score), WithJsonSchema({"type": "string", "pattern": SCORE})
]
