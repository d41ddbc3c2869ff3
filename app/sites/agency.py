"""An agency described, and the answer to which sites fit it.

Nothing of a description is kept: it is no row, no log line, no metric and no part of an address.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from app.core.web import In, Out
from app.core.words import SLUG_OF, InDigits, NumberOnly, Slug, State
from app.editions.asking import AsOfQuery
from app.sites.content import Setting, SiteKind, SiteStrength, SizeBand
from app.sites.places import Point
from app.sites.terms import Agency, band_of

MATCHES, MATCHES_MAX = 10, 50
ProgramTypeSlug = Annotated[Slug, Field(json_schema_extra={SLUG_OF: "program-type"})]


class Location(In):
    """Where an agency is, in degrees (WGS 84)."""

    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, examples=[31.99]), NumberOnly]
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, examples=[-102.08]), NumberOnly]


class AgencyIn(In):
    """An agency, as far as it wants to be described; what is left out does not count."""

    sworn_officers: Annotated[int, Field(ge=1, le=100_000), NumberOnly] | None = Field(
        None, description="How many there are.", examples=[180]
    )
    size: SizeBand | None = Field(None, description="The band of sworn officers, where the number is not at hand.")
    population: Annotated[int, Field(ge=1, le=100_000_000), NumberOnly] | None = Field(
        None, description="People served.", examples=[132_000]
    )
    setting: Setting | None = Field(None, description="What sort of place it serves.")
    kind: SiteKind | None = Field(None, description="What sort of jurisdiction it is.")
    state: State | None = Field(None, description="Its state.")
    program_types: Annotated[list[ProgramTypeSlug], Field(max_length=20)] = Field(
        [], description="The ways of working it wants to see; slugs of `GET /v1/program-types`.",
        examples=[["co-responder-team"]],
    )  # fmt: skip
    aims: Annotated[list[SiteStrength], Field(max_length=13)] = Field(
        [], description="What it wants to learn, in the words of a site's `strengths_for`.",
        examples=[["dispatch", "follow_up"]],
    )  # fmt: skip
    location: Location | None = Field(None, description="Where it is; its headquarters or the middle of its town.")

    @field_validator("size")
    @classmethod
    def _fits_the_count(cls, size: SizeBand | None, info: ValidationInfo) -> SizeBand | None:
        officers = info.data.get("sworn_officers")
        if size is not None and officers is not None and size is not band_of(officers):
            raise ValueError("The band does not hold the number given as sworn_officers; leave one of the two out")
        return size

    def described(self, titles: Mapping[str, str]) -> Agency:
        """As matching takes it: without any order, and with the titles of the program types."""
        return Agency(
            officers=self.sworn_officers,
            size=self.size,
            population=self.population,
            setting=self.setting,
            kind=self.kind,
            state=self.state,
            program_types=frozenset(self.program_types),
            aims=frozenset(self.aims),
            titles=titles,
            place=Point(self.location.latitude, self.location.longitude) if self.location else None,
        )


class MatchQuery(AsOfQuery):
    """How many, and of which edition."""

    limit: Annotated[int, InDigits] = Field(
        MATCHES, ge=1, le=MATCHES_MAX, description="Sites in the answer, best first."
    )


class WeightOut(Out):
    """How much one thing counts."""

    name: str
    weight: int = Field(description="The most that it can add to a score.")
    reason: str = Field(description="Why it is weighed so.")
    used: bool = Field(description="False where the description does not say anything about it.")


class TermOut(Out):
    """One term of a score."""

    name: str
    weight: int
    value: float = Field(ge=0, le=1, description="From 0, nothing in common, to 1, alike; in steps of 0.02.")
    contribution: int = Field(description="Weight times value; always a whole number.")
    reason: str


class MatchedSite(Out):
    """A learning site, in brief."""

    slug: Slug
    title: str
    short_title: str
    summary: str
    href: str
    path: str
    kind: SiteKind
    setting: Setting
    size: SizeBand | None
    state: State
    distance_km: float | None = Field(description="From `location`; null where none was given.")


class MatchOut(Out):
    """A learning site, and how well it fits."""

    site: MatchedSite
    score: int = Field(description="The sum of the contributions.")
    terms: list[TermOut] = Field(description="Everything that made the score, in the order of `weights`.")
    unknown: list[str] = Field(
        description="Terms for which the site's side is not known; each counts half, as its reason says."
    )


class Matches(Out):
    """Learning sites, best match first."""

    edition: int
    items: list[MatchOut]
    total: int = Field(description="How many sites were compared.")
    highest: int = Field(description="The highest score that this description can reach: the sum of the weights used.")
    weights: list[WeightOut]
    unknown_rule: str = Field(description="How a term counts whose value is not known of a site.")
