"""What the textbook application answers with: Pydantic models read from the ORM's objects."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AliasPath, BaseModel, BeforeValidator, ConfigDict, EmailStr, Field, computed_field

Instant = Annotated[datetime, AfterValidator(lambda value: value.replace(tzinfo=UTC))]
"""SQLite forgets the zone."""
SlugOf = Annotated[str, BeforeValidator(lambda value: value if isinstance(value, str) else value.slug)]
"""A linked row, shown by its slug."""


class Model(BaseModel):
    """Reads attributes."""

    model_config = ConfigDict(from_attributes=True)


class Source(Model):
    """A citation with its source."""

    id: str = Field(validation_alias="label")
    title: str = Field(validation_alias=AliasPath("source", "title"))
    publisher: str | None = Field(validation_alias=AliasPath("source", "publisher"))
    year: int | None = Field(validation_alias=AliasPath("source", "year"))
    url: str | None = Field(validation_alias=AliasPath("source", "url"))
    as_of: str | None = Field(validation_alias=AliasPath("source", "as_of"))
    confidence: str


class Item(Model):
    """What every item has."""

    slug: str
    title: str
    summary: str
    path: str
    former_slugs: list[str]
    sources: list[Source] = Field(validation_alias="citations")
    updated_at: Instant
    edition: int
    included: dict[str, Any] | None = None


class Figure(Model):
    """A number with its date."""

    value: int
    as_of: str | None
    approximate: bool
    note: str | None
    sources: list[str]


class Figures(Model):
    """Sizes."""

    sworn_officers: Figure | None = None
    civilian_staff: Figure | None = None
    total_staff: Figure | None = None
    population_served: Figure | None = None
    census_population: Figure | None = None


class LearningSite(Item):
    """A learning site."""

    short_title: str
    aliases: list[str]
    kind: str
    setting: str
    size: str | None
    city: str
    counties: list[str]
    state: str
    latitude: float
    longitude: float
    location_note: str
    cohort: int
    cohort_note: str | None
    figures: Annotated[Figures, BeforeValidator(lambda rows: {row.name: row for row in rows})]
    program_types: list[SlugOf]
    program_types_note: str
    strengths_for: list[str]
    highlights: list[str]
    highlights_html: list[str]
    partners: list[str]
    description: str
    description_html: str
    website: str | None
    website_confidence: str | None
    topics: list[str]
    resources: list[str]
    distance_km: float | None = None

    @computed_field
    def type(self) -> str:
        """Its type."""
        return "learning-site"

    @computed_field
    def href(self) -> str:
        """Where it is served."""
        return f"/v1/learning-sites/{self.slug}"


class TopicBrief(Item):
    """A topic without its body."""

    section: SlugOf
    position: int
    elements: list[str]
    program_types: list[SlugOf]
    learning_sites: list[str]
    resources: list[str]
    facts: list[str]
    measures: list[str]

    @computed_field
    def type(self) -> str:
        """Its type."""
        return "topic"

    @computed_field
    def href(self) -> str:
        """Where it is served."""
        return f"/v1/topics/{self.slug}"


class SectionBrief(Item):
    """A section without its body."""

    number: int
    resources: list[str]
    topics: list[SlugOf]

    @computed_field
    def type(self) -> str:
        """Its type."""
        return "section"

    @computed_field
    def href(self) -> str:
        """Where it is served."""
        return f"/v1/sections/{self.slug}"


class Section(SectionBrief):
    """A section."""

    body: str
    body_html: str


class TopicList(Model):
    """Topics of a section."""

    items: list[TopicBrief]
    total: int
    truncated: bool = False
    href: str | None = None


class SectionBranch(SectionBrief):
    """A section with its topics."""

    topic_list: Annotated[
        TopicList,
        BeforeValidator(
            lambda rows: {"items": rows, "total": len(rows), "href": f"/v1/topics?section={rows[0].section.slug}"}
        ),
    ] = Field(validation_alias="topics")


class PageBrief(Item):
    """A page without its body."""

    position: int
    kind: str
    video: dict[str, Any] | None
    facts: list[str]
    resources: list[str]
    related: list[dict[str, Any]]

    @computed_field
    def type(self) -> str:
        """Its type."""
        return "page"

    @computed_field
    def href(self) -> str:
        """Where it is served."""
        return f"/v1/pages/{self.slug}"


class Tree(Model):
    """The whole toolkit."""

    title: str
    summary: str
    edition: int
    published_at: Instant
    introduction: PageBrief
    featured: list[dict[str, Any]]
    sections: list[SectionBranch]
    pages: list[PageBrief]
    next_steps: list[dict[str, Any]]
    counts: dict[str, int]
    links: dict[str, str]


class Links(Model):
    """Where a list goes on."""

    self: str
    next: str | None
    prev: str | None


class SitePage(Model):
    """A page of learning sites."""

    items: list[LearningSite]
    total: int
    links: Links


class Hit(Model):
    """Something found."""

    type: str
    slug: str
    title: str
    snippet: str
    score: float
    href: str
    path: str


class Hits(Model):
    """What was found."""

    items: list[Hit]
    total: int
    counts: dict[str, int]


class Contact(BaseModel):
    """Whom to answer."""

    name: str = Field(max_length=120)
    title: str | None = Field(default=None, max_length=120)
    email: EmailStr
    phone: str | None = Field(default=None, max_length=40)


class Agency(BaseModel):
    """Who asks."""

    name: str = Field(max_length=120)
    type: str = Field(max_length=40)
    state: str = Field(pattern="^[A-Z]{2}$")


class RequestIn(BaseModel):
    """What an agency asks."""

    contact: Contact
    agency: Agency
    kind: str = Field(max_length=40)
    topics: list[str] = Field(max_length=20)
    description: str = Field(min_length=20, max_length=10_000)
    external_ref: str | None = Field(default=None, max_length=100)


class RequestOut(Model):
    """The receipt."""

    id: int
    reference: str
    status: str
    received_at: Instant
    due_at: Instant
