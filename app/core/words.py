"""Words: what a field *is*, said once for the API and for the table.

Pydantic ignores SQLAlchemy's half of an `Annotated`, and SQLAlchemy ignores Pydantic's, so one alias speaks to both:
`name: Title` in a schema is `maxLength 200` in OpenAPI, and `name: Mapped[Title]` is `VARCHAR(200) NOT NULL`.
Which fields are stored, accepted or shown are three decisions, made in three places; what a field is, is not.
"""

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.orm import mapped_column

from app.core.clock import rfc3339
from app.core.ids import new_id

SLUG_PATTERN = r"^[a-z0-9]+(?:-[a-z0-9]+)*$"


DIGITS = re.compile(r"-?[0-9]+")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def _printable(text: str) -> str:
    """Control characters break logs, letters and terminals; no field needs them."""
    if CONTROL.search(text):
        raise ValueError("must not contain control characters")
    return text


Printable = AfterValidator(_printable)


def _a_number(sent: Any) -> Any:
    if isinstance(sent, (bool, str)):
        raise ValueError("send a number")  # noqa: TRY004 - Pydantic tells of ValueErrors
    return sent


NumberOnly = BeforeValidator(_a_number)
"""Ends the annotation of a number in a JSON body: `4` and `4.0` pass, `"4"` and `true` do not. A query is all text."""


def _in_digits(sent: Any) -> Any:
    if isinstance(sent, str) and not DIGITS.fullmatch(sent):
        raise ValueError("send a whole number, in digits alone")
    return sent


InDigits = BeforeValidator(_in_digits)
"""Ends the annotation of a whole number in an address: `5` passes, `5.0`, `+5` and `1_0` do not."""

SLUG_OF = "x-slug-of"
"""In the schema of a slug: the kind of item that it must name."""
Key = Annotated[UUID, mapped_column(primary_key=True, default=new_id)]
BigKey = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)]
Slug = Annotated[
    str,
    Field(min_length=1, max_length=80, pattern=SLUG_PATTERN),
    mapped_column(String(80)),
]
Title = Annotated[str, Field(min_length=1, max_length=200), Printable, mapped_column(String(200))]
Summary = Annotated[str, Field(min_length=1, max_length=400), Printable, mapped_column(String(400))]
Line = Annotated[str, Field(min_length=1, max_length=500), Printable, mapped_column(String(500))]
Prose = Annotated[str, Field(min_length=1, max_length=20_000), Printable, mapped_column(Text)]
Label = Annotated[str, Field(min_length=1, max_length=80), Printable, mapped_column(String(80))]
URL = Annotated[
    str,
    Field(max_length=500, pattern=r"^https://[^\s]+$", json_schema_extra={"format": "uri"}),
    mapped_column(String(500)),
]
Year = Annotated[int, Field(ge=1900, le=2100), mapped_column(Integer)]
AsOf = Annotated[
    str,
    Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$", examples=["2018-06"], description="A year, a month or a day."),
    mapped_column(String(10)),
]
Instant = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": "Z$", "examples": ["2026-11-23T13:26:22Z"]}),
]


def _within_reason(instant: datetime) -> datetime:
    # Near the ends of the calendar an instant cannot even be told in UTC.
    if not 1900 <= instant.year <= 2200:
        raise ValueError("must be an instant between 1900 and 2200, such as 2027-03-16T14:00:00Z")
    return instant


When = Annotated[AwareDatetime, AfterValidator(_within_reason), Field(examples=["2027-03-16T14:00:00Z"])]
"""An instant that somebody sends, with its offset."""
JSONObject = dict[str, Any]

_STATES = """
AL Alabama, AK Alaska, AZ Arizona, AR Arkansas, CA California, CO Colorado, CT Connecticut, DE Delaware,
DC District of Columbia, FL Florida, GA Georgia, HI Hawaii, ID Idaho, IL Illinois, IN Indiana, IA Iowa, KS Kansas,
KY Kentucky, LA Louisiana, ME Maine, MD Maryland, MA Massachusetts, MI Michigan, MN Minnesota, MS Mississippi,
MO Missouri, MT Montana, NE Nebraska, NV Nevada, NH New Hampshire, NJ New Jersey, NM New Mexico, NY New York,
NC North Carolina, ND North Dakota, OH Ohio, OK Oklahoma, OR Oregon, PA Pennsylvania, RI Rhode Island,
SC South Carolina, SD South Dakota, TN Tennessee, TX Texas, UT Utah, VT Vermont, VA Virginia, WA Washington,
WV West Virginia, WI Wisconsin, WY Wyoming, AS American Samoa, GU Guam, MP Northern Mariana Islands,
PR Puerto Rico, VI U.S. Virgin Islands
"""
STATES: dict[str, str] = {code: name for code, _, name in (p.strip().partition(" ") for p in _STATES.split(","))}
"""Postal code → name, of every state, the District of Columbia and the territories."""


def _a_state(code: str) -> str:
    if code not in STATES:
        raise ValueError("must be the postal code of a state or territory, two capital letters such as TX")
    return code


State = Annotated[
    str,
    Field(min_length=2, max_length=2, json_schema_extra={"enum": sorted(STATES)}, examples=["TX"]),
    AfterValidator(_a_state),
    mapped_column(String(2)),
]
