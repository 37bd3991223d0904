"""The types of columns that new resources may have: dates and decimals."""

from datetime import date
from decimal import Decimal
from typing import Annotated

import pytest
from pydantic import ValidationError

from app.http.types import Body, Date, Digits


class Value(Body):
    day: Date = date(2026, 9, 1)
    price: Annotated[Decimal, Digits(7, 2)] = Decimal(1)
    count: Annotated[Decimal, Digits(3, 0)] = Decimal(1)
    share: Annotated[Decimal, Digits(2, 2)] = Decimal(0)


def validate(name, value):
    return getattr(Value.model_validate({name: value}), name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("day", "0001-01-01"),
        ("day", "2024-02-29"),
        ("price", "12345.67"),
        ("price", "-0.5"),
        ("price", "7"),
        ("count", "999"),
        ("share", "-0.99"),
        ("share", "0"),
    ],
)
def test_a_valid_value_is_returned_unchanged(name, text):
    assert str(validate(name, text)) == text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("day", it) for it in ("86400", "20260901", "2026-9-1", "2026-02-30", "0000-01-01")],
        *[("day", it) for it in ("2026-09-01T00:00:00Z", "\uff12026-09-01", 5, None)],
        *[("price", it) for it in ("123456", "1.234", "1.", ".5", "+1", "1e2", "", "٣", 5, 1.5)],
        *[("price", it) for it in ("NaN", "Infinity", " 1", "1\n", "1_0", "--1")],
        *[("count", it) for it in ("1.0", "1000", "-")],
        *[("share", it) for it in ("1", "00", "0.999")],
    ],
)
def test_any_other_value_is_rejected(name, value):
    with pytest.raises(ValidationError):
        validate(name, value)


def test_the_message_says_how_many_digits_are_allowed():
    with pytest.raises(ValidationError, match="at most 5 digits before and 2 after the point"):
        validate("price", "1.234")
