"""A learning site: a police agency that other agencies may visit and learn from."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from app.core.words import URL, AsOf, Line, State, Title
from app.editions.kinds import HTML, Citation, Confidence, Fields, Filter, Item, Kind, Lines, Markdown, Record, Slugs


class SiteKind(StrEnum):
    """What sort of jurisdiction it is."""

    CITY = "city"
    TOWN = "town"
    COUNTY = "county"
    CAMPUS = "campus"
    COALITION = "coalition"


class Setting(StrEnum):
    """What sort of place it is."""

    URBAN = "urban"
    SUBURBAN = "suburban"
    RURAL = "rural"
    CAMPUS = "campus"


class SizeBand(StrEnum):
    """Sworn officers, in bands."""

    UNDER_100 = "under_100"
    FROM_100 = "100_499"
    FROM_500 = "500_1999"
    FROM_2000 = "2000_plus"


class Cohort(IntEnum):
    """The year of the cycle in which a site was chosen."""

    FIRST = 2010
    SECOND = 2017


class SiteStrength(StrEnum):
    """What a site is good at showing."""

    CRISIS_RESPONSE = "crisis_response"
    TRAINING = "training"
    DISPATCH = "dispatch"
    FOLLOW_UP = "follow_up"
    CO_RESPONSE = "co_response"
    JAIL_DIVERSION = "jail_diversion"
    HOMELESSNESS = "homelessness"
    CAMPUS = "campus"
    RURAL = "rural"
    DATA_SHARING = "data_sharing"
    OFFICER_WELLNESS = "officer_wellness"
    YOUTH = "youth"
    TRANSPORT = "transport"


class Figure(Fields):
    """A number with its date; figures of different years are not comparable."""

    value: int = Field(ge=0, le=100_000_000)
    as_of: AsOf | None
    approximate: bool
    note: Line | None = None
    sources: Annotated[list[Citation], Field(max_length=10)] = Field(description="Ids in the item's `sources`.")


class SiteFigures(Fields):
    """Sizes, null where none was found."""

    sworn_officers: Figure | None
    civilian_staff: Figure | None
    total_staff: Figure | None
    population_served: Figure | None
    census_population: Figure | None


class SiteFields(Fields):
    """What the toolkit knows of a learning site."""

    short_title: Title
    aliases: Annotated[list[Title], Field(max_length=20)] = []
    kind: SiteKind
    setting: Setting
    size: SizeBand | None = Field(description="Band of sworn officers; null where no count was found.")
    city: Title
    counties: Annotated[list[Title], Field(min_length=1, max_length=20)]
    state: State
    latitude: float = Field(ge=-90, le=90, description="Degrees north, WGS 84.")
    longitude: float = Field(ge=-180, le=180, description="Degrees east, WGS 84.")
    location_note: Line
    cohort: Cohort
    cohort_note: Line | None = None
    figures: SiteFigures = Field(description="Sizes in numbers, each with its date and sources; `size` is the band.")
    program_types: Slugs
    program_types_note: Line
    strengths_for: Annotated[list[SiteStrength], Field(max_length=13)] = Field(
        default=[], description="What it is good at showing to visitors; the `aims` of a match are of these words."
    )
    highlights: Annotated[list[Markdown], Field(max_length=20)]
    partners: Lines
    description: Markdown
    website: URL | None
    website_confidence: Confidence | None
    topics: Slugs = []
    resources: Slugs = []


class SiteRecord(Record, SiteFields):
    """One record of `seed_data/learning_sites.yaml`."""


class LearningSite(Item, SiteFields):
    """A police agency that other agencies may visit and learn from."""

    highlights_html: list[HTML]
    description_html: HTML
    distance_km: float | None = Field(description="Great-circle distance from `near`; null where it was not asked.")


class Count(NamedTuple):
    """A figure as matching compares it."""

    value: int
    as_of: str | None
    what: str


def officers(document: Mapping[str, Any]) -> Count | None:
    """How many sworn officers, where that was found."""
    return _count(document, sworn_officers="sworn officers")


def people(document: Mapping[str, Any]) -> Count | None:
    """How many people are served; where that was not found, how many the census counted."""
    return _count(document, population_served="people served", census_population="people by the census")


def _count(document: Mapping[str, Any], **wanted: str) -> Count | None:
    for name, what in wanted.items():
        figure = document["figures"][name]
        if figure and figure["value"]:
            return Count(figure["value"], figure["as_of"], what)
    return None


LEARNING_SITE = Kind(
    name="learning-site",
    plural="learning-sites",
    file="learning_sites",
    record=SiteRecord,
    item=LearningSite,
    order=("title",),
    path=lambda item: f"/learning-sites/{item['slug']}",
    markdown=("highlights", "description"),
    filters={
        "state": Filter("state"),
        "kind": Filter("kind"),
        "setting": Filter("setting"),
        "size": Filter("size"),
        "cohort": Filter("cohort"),
        "program_type": Filter("program_types", "program-type"),
        "strength": Filter("strengths_for"),
    },
    links={"program_types": "program-type", "topics": "topic", "resources": "resource"},
    volatile={"distance_km": None},
    numbers=("latitude", "longitude"),
    kept={"officers": officers, "people": people},
    prose=("description", "highlights", "aliases", "city", "counties", "partners", "state", "setting", "kind"),
)
