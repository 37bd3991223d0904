"""Schema for addresses in requests and responses."""

from pydantic import Field

from app.http.types import Body, Line10, Line20, Line50, SmallKey


class Address(Body):
    """A postal address with a phone number."""

    address: Line50 = Field(examples=["12 Sample Street"])
    address2: Line50 | None = None
    district: Line20 = Field(examples=["Old Town"])
    city_id: SmallKey = Field(examples=[1])
    postal_code: Line10 | None = Field(None, examples=["12345"])
    phone: Line20 = Field(examples=["+44 555 123456"])
