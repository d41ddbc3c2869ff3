"""Questions that learning sites answer, and the shapes of their lists."""

import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from app.core.words import Slug, State
from app.editions.asking import ItemQuery, ListQuery
from app.editions.kinds import ItemPage
from app.sites.content import Cohort, LearningSite, Setting, SiteKind, SiteStrength, SizeBand
from app.sites.places import FARTHEST_KM, Box, Point

LATITUDE = r"-?(?:90(?:\.0{1,12})?|[0-8]?\d(?:\.\d{1,12})?)"
LONGITUDE = r"-?(?:180(?:\.0{1,12})?|(?:1[0-7]\d|\d{1,2})(?:\.\d{1,12})?)"
POINT = re.compile(f"^{LATITUDE},{LONGITUDE}$", re.ASCII)
BOX = re.compile(f"^{LONGITUDE},{LATITUDE},{LONGITUDE},{LATITUDE}$", re.ASCII)


def _a_point(text: str) -> str:
    if not POINT.match(text):
        raise ValueError(
            "Send `latitude,longitude` in degrees, such as `29.76,-95.37`: from -90 to 90 and from -180 to 180"
        )
    return text


def _a_box(text: str) -> str:
    if not BOX.match(text):
        raise ValueError(
            "Send `west,south,east,north` in degrees, such as `-107,25,-93,37`: from -180 to 180 and from -90 to 90"
        )
    if as_box(text).south > as_box(text).north:
        raise ValueError("The second number is the southern edge, the fourth the northern: the second is greater")
    return text


def as_point(text: str) -> Point:
    """A checked `near` as a place."""
    return Point(*map(float, text.split(",")))


def as_box(text: str) -> Box:
    """A checked `bbox` as a box."""
    return Box(*map(float, text.split(",")))


# The pattern is for the reader of the description; the check that uses it says in words what is wanted.
PointText = Annotated[str, Field(max_length=40, json_schema_extra={"pattern": POINT.pattern}), AfterValidator(_a_point)]
BoxText = Annotated[str, Field(max_length=80, json_schema_extra={"pattern": BOX.pattern}), AfterValidator(_a_box)]


class SiteFormat(StrEnum):
    """How sites are written."""

    JSON = "json"
    GEOJSON = "geojson"


Format = Annotated[
    SiteFormat | None, Field(description="Over `Accept`; `json` where neither says. `geojson` is RFC 7946.")
]


class SitePage(ItemPage):
    """Learning sites, by name, or by distance where `near` was asked."""

    items: list[LearningSite]


class SiteItemQuery(ItemQuery):
    """How one learning site is shaped."""

    format: Format = None


class SiteQuery(ListQuery):
    """Which learning sites."""

    format: Format = None
    sort: Literal["title", "-title", "state", "-state", "cohort", "-cohort"] | None = Field(
        None, description="Order; `-` reverses. Beats the order by distance that `near` gives."
    )
    state: list[State] = Field([], max_length=60, description="In any of these states.")
    kind: list[SiteKind] = Field([], max_length=5, description="Any of these kinds of jurisdiction.")
    setting: list[Setting] = Field([], max_length=4, description="In any of these settings.")
    size: list[SizeBand] = Field([], max_length=4, description="In any of these bands of sworn officers.")
    cohort: list[Cohort] = Field([], max_length=2, description="Chosen in any of these cycles.")
    program_type: list[Slug] = Field([], max_length=20, description="That work in any of these ways.")
    strength: list[SiteStrength] = Field([], max_length=13, description="Good at showing any of these.")
    near: PointText | None = Field(
        None, examples=["29.76,-95.37"],
        description="`latitude,longitude` in degrees: nearest first, each with its `distance_km`.",
    )  # fmt: skip
    radius_km: float | None = Field(
        None, gt=0, le=FARTHEST_KM, allow_inf_nan=False, examples=[500],
        description="Only sites at most so far from `near`, measured before the distance is rounded.",
    )  # fmt: skip
    bbox: BoxText | None = Field(
        None, examples=["-107,25,-93,37"],
        description="`west,south,east,north` in degrees: only sites inside, edges included. West greater than east "
        "crosses the antimeridian.",
    )  # fmt: skip

    @field_validator("radius_km")
    @classmethod
    def _from_where(cls, radius: float | None, info: ValidationInfo) -> float | None:
        # A `near` that is itself at fault is not in the data, and is reported by its own name.
        if radius is not None and info.data.get("near", "at fault") is None:
            raise ValueError("Give `near` as well: the distance is measured from there")
        return radius
