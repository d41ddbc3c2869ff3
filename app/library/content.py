"""Resources, facts, FAQs and performance measures."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.core.words import URL, Label, Line, Title, Year
from app.editions.kinds import HTML, Fields, Filter, Item, Kind, Markdown, Record, Slugs


class ResourceKind(StrEnum):
    """What sort of thing a resource is."""

    GUIDE = "guide"
    REPORT = "report"
    CHECKLIST = "checklist"
    FACT_SHEET = "fact_sheet"
    CURRICULUM = "curriculum"
    POLICY_SAMPLE = "policy_sample"
    STATUTE = "statute"
    DATASET = "dataset"
    VIDEO = "video"
    TOOL = "tool"
    WEB_PAGE = "web_page"
    JOURNAL_ARTICLE = "journal_article"
    TRAINING = "training"


class Audience(StrEnum):
    """Whom a resource is for."""

    LAW_ENFORCEMENT = "law_enforcement"
    BEHAVIORAL_HEALTH = "behavioral_health"
    ADVOCATES = "advocates"
    DISPATCH = "dispatch"
    LOCAL_LEADERS = "local_leaders"
    RESEARCHERS = "researchers"
    TRAINERS = "trainers"
    CAMPUS = "campus"


class URLStatus(StrEnum):
    """How sure we are of an address."""

    SEEN = "seen"
    UNVERIFIED = "unverified"
    NONE = "none"


class Access(StrEnum):
    """On what terms a resource can be had."""

    PUBLIC_DOMAIN = "public_domain"
    FREE = "free"
    COPYRIGHT = "copyright"
    UNKNOWN = "unknown"


class ResourceFields(Fields):
    """What the library knows of a resource."""

    authors: Annotated[list[Title], Field(max_length=20)]
    publisher: Title | None
    year: Year | None
    kind: ResourceKind
    audience: Annotated[list[Audience], Field(max_length=8)]
    url: URL | None
    url_status: URLStatus = Field(
        description="`seen` in a copy of a source, `unverified` from memory, or `none` known."
    )
    pages: int | None = Field(default=None, ge=1, le=10_000)
    ncj_number: Label | None = Field(default=None, description="Number in the National Criminal Justice library.")
    abstract: Markdown
    access: Access
    topics: Slugs = []
    elements: Slugs = []
    program_types: Slugs = []
    checked_on: date | None = Field(
        default=None,
        description="The day when somebody last tried the address. Null: nobody has; `url_status` says how we know it.",
    )


class ResourceRecord(Record, ResourceFields):
    """One record of `seed_data/resources.yaml`."""


class Resource(Item, ResourceFields):
    """A publication, course, tool or law worth knowing."""

    abstract_html: HTML


class FactGroup(StrEnum):
    """What a statistic is about."""

    INFOGRAPHIC = "infographic"
    IDD = "idd"
    TRAINING = "training"
    PROGRAMS = "programs"


class FactFields(Fields):
    """A statistic, with what is needed to quote it honestly."""

    group: FactGroup
    on_infographic: bool = Field(description="Whether the home page's infographic shows it.")
    statement: Markdown
    value: float | None = Field(
        description="The figure as a number. Where the source gives a bound only, such as `more than 18`, it is that "
        "bound, and `low` or `high` says so. Null where there is a range without a middle, or no number."
    )
    value_text: Label = Field(
        description="The figure as the source words it: `1 in 5`, `up to 10`. Show this, with `unit`."
    )
    low: float | None = Field(
        default=None,
        description="The least it may be: the lower end of a range or confidence interval, or what `more than` and "
        "`at least` name. Null where the source gives none.",
    )
    high: float | None = Field(
        default=None,
        description="The most it may be: the upper end of a range or confidence interval, or what `less than` and "
        "`up to` name. Null where the source gives none.",
    )
    unit: Label
    population: Line
    year: Year | None = Field(description="Year of the data, or of the publication where that is all we know.")
    geography: Line
    method: Line | None = None
    caveat: Line | None = None
    estimate: bool = Field(description="True where the source calls it an estimate or extrapolates.")
    related: Slugs = Field(default=[], description="Facts that look alike and measure something else.")
    resources: Slugs = []


class FactRecord(Record, FactFields):
    """One record of `seed_data/facts.yaml`."""


class Fact(Item, FactFields):
    """A statistic with its unit, population, year and source."""

    statement_html: HTML


class FAQFields(Fields):
    """A question and its answer."""

    position: int = Field(ge=1, le=1000)
    answer: Markdown
    topics: Slugs = []
    learning_sites: Slugs = []
    resources: Slugs = []
    pages: Slugs = []


class FAQRecord(Record, FAQFields):
    """One record of `seed_data/faqs.yaml`."""


class FAQ(Item, FAQFields):
    """A question about the learning sites; its title is the question."""

    answer_html: HTML


class MeasureKind(StrEnum):
    """Whether a measure counts what was done or what came of it."""

    PROCESS = "process"
    OUTCOME = "outcome"


class Goal(StrEnum):
    """What a program is for."""

    MORE_CONNECTIONS = "more_connections"
    FEWER_REPEAT_ENCOUNTERS = "fewer_repeat_encounters"
    FEWER_ARRESTS = "fewer_arrests"
    LESS_FORCE = "less_force"
    SERVICE_QUALITY = "service_quality"
    RESOURCE_EFFICIENCY = "resource_efficiency"


class Basis(StrEnum):
    """Where a measure comes from."""

    ELEMENT_10 = "element_10"
    MEASURING_PAGE = "measuring_page"
    FAQ = "faq"
    FRAMEWORK = "framework"
    EDITORIAL = "editorial"


class MeasureFields(Fields):
    """How a performance measure is computed."""

    code: Annotated[str, Field(pattern=r"^M\d{2,3}$")]
    definition: Markdown
    numerator: Line
    denominator: Line | None
    unit: Label
    data_source: Line
    kind: MeasureKind
    goals: Annotated[list[Goal], Field(max_length=6)]
    basis: Annotated[list[Basis], Field(max_length=5)]
    program_types: Slugs = []
    elements: Slugs = []
    caution: Line | None = None


class MeasureRecord(Record, MeasureFields):
    """One record of `seed_data/measures.yaml`."""


class Measure(Item, MeasureFields):
    """A performance measure with numerator, denominator, unit and source."""

    definition_html: HTML


RESOURCE = Kind(
    name="resource",
    plural="resources",
    file="resources",
    record=ResourceRecord,
    item=Resource,
    order=("title",),
    path=lambda item: f"/resources/{item['slug']}",
    markdown=("abstract",),
    filters={
        "kind": Filter("kind"),
        "audience": Filter("audience"),
        "access": Filter("access"),
        "year": Filter("year"),
        "topic": Filter("topics", "topic"),
        "element": Filter("elements", "essential-element"),
        "program_type": Filter("program_types", "program-type"),
    },
    links={"topics": "topic", "elements": "essential-element", "program_types": "program-type"},
    prose=("abstract", "authors", "publisher", "kind", "year"),
)

FACT = Kind(
    name="fact",
    plural="facts",
    file="facts",
    record=FactRecord,
    item=Fact,
    order=("group", "title"),
    path=lambda item: f"/facts/{item['slug']}",
    markdown=("statement",),
    filters={
        "group": Filter("group"),
        "on_infographic": Filter("on_infographic"),
        "year": Filter("year"),
        "estimate": Filter("estimate"),
        "resource": Filter("resources", "resource"),
    },
    links={"related": "fact", "resources": "resource"},
    prose=("statement", "population", "caveat", "geography", "value_text"),
)

FAQ_KIND = Kind(
    name="faq",
    plural="faqs",
    file="faqs",
    record=FAQRecord,
    item=FAQ,
    order=("position",),
    path=lambda item: f"/faqs/{item['slug']}",
    markdown=("answer",),
    filters={"topic": Filter("topics", "topic"), "learning_site": Filter("learning_sites", "learning-site")},
    links={"topics": "topic", "learning_sites": "learning-site", "resources": "resource", "pages": "page"},
    prose=("answer",),
)

MEASURE = Kind(
    name="measure",
    plural="measures",
    file="measures",
    record=MeasureRecord,
    item=Measure,
    order=("code",),
    path=lambda item: f"/measuring/measures/{item['slug']}",
    markdown=("definition",),
    filters={
        "kind": Filter("kind"),
        "goal": Filter("goals"),
        "basis": Filter("basis"),
        "program_type": Filter("program_types", "program-type"),
        "element": Filter("elements", "essential-element"),
    },
    links={"program_types": "program-type", "elements": "essential-element"},
    prose=("definition", "numerator", "denominator", "caution"),
)
