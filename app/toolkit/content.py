"""Pages, sections, topics, and the home page's own lists."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.core.words import URL, Line, Slug, Title
from app.editions.kinds import BodyHTML, Fields, Filter, Item, Kind, Markdown, Record, Ref, Slugs


class PageKind(StrEnum):
    """What a page is for."""

    INTRODUCTION = "introduction"
    ABOUT = "about"
    FOCUSED_TOOLS = "focused_tools"
    OPPORTUNITIES = "opportunities"
    REQUEST_TTA = "request_tta"
    CONTACT = "contact"
    FACT_SHEET = "fact_sheet"


class Video(Fields):
    """A video; the address and transcript are null where none is known."""

    title: Title
    speaker: Title
    speaker_role: Title
    url: URL | None
    transcript: Markdown | None
    note: Line | None = None


class PageCard(Fields):
    """What a list tells of a page."""

    position: int = Field(ge=1, le=1000)
    kind: PageKind
    video: Video | None = None
    facts: Slugs = []
    resources: Slugs = []
    related: Annotated[list[Ref], Field(max_length=40)] = []


class PageFields(PageCard):
    """What a page says."""

    body: Markdown


class PageRecord(Record, PageFields):
    """One file of `seed_data/pages/`."""


class PageBrief(Item, PageCard):
    """A page without its body."""


class Page(Item, PageFields):
    """What the home page carries beside the sections."""

    body_html: BodyHTML


class SectionCard(Fields):
    """What a list tells of a section."""

    number: int = Field(ge=1, le=1000)
    resources: Slugs = []


class SectionFields(SectionCard):
    """What a section says."""

    body: Markdown


class SectionRecord(Record, SectionFields):
    """One record of `seed_data/sections.yaml`."""


class SectionBrief(Item, SectionCard):
    """A section without its body."""

    topics: Annotated[list[Slug], Field(description="Slugs of its topics, in order.")]


class Section(Item, SectionFields):
    """A section of the toolkit, with its topics in order."""

    topics: Annotated[list[Slug], Field(description="Slugs of its topics, in order.")]
    body_html: BodyHTML


class TopicCard(Fields):
    """What a list tells of a topic."""

    section: Slug
    position: int = Field(ge=1, le=100_000, description="Its place in its section.")
    elements: Slugs = Field(default=[], description="Essential elements it goes deeper into.")
    program_types: Slugs = []
    learning_sites: Slugs = []
    resources: Slugs = []
    facts: Slugs = []
    measures: Slugs = []


class TopicFields(TopicCard):
    """What a topic says."""

    body: Markdown


class TopicRecord(Record, TopicFields):
    """One file of `seed_data/topics/`."""


class TopicBrief(Item, TopicCard):
    """A topic without its body."""


class Topic(Item, TopicFields):
    """A page of the toolkit."""

    body_html: BodyHTML


class Teaser(Ref):
    """An item shown on the home page."""

    title: Title
    teaser: Line


class ToolkitFields(Fields):
    """What the home page names."""

    introduction: Slug
    featured: Annotated[list[Teaser], Field(max_length=20)]
    next_steps: Annotated[list[Teaser], Field(max_length=20)]


class ToolkitRecord(Record, ToolkitFields):
    """The one record of `seed_data/toolkit.yaml`."""


class ToolkitHome(Item, ToolkitFields):
    """The home page's own words and lists."""


PAGE = Kind(
    name="page",
    plural="pages",
    file="pages",
    record=PageRecord,
    item=Page,
    order=("position",),
    path=lambda item: f"/{item['slug']}",
    markdown=("body",),
    heavy=("body", "body_html"),
    filters={"kind": Filter("kind")},
    links={"facts": "fact", "resources": "resource"},
    prose=("body",),
)

SECTION = Kind(
    name="section",
    plural="sections",
    file="sections",
    record=SectionRecord,
    item=Section,
    order=("number",),
    path=lambda item: f"/{item['slug']}",
    markdown=("body",),
    heavy=("body", "body_html"),
    links={"topics": "topic", "resources": "resource"},
    derive=lambda section, records: {
        "topics": [
            slug
            for slug, topic in sorted(records["topic"].items(), key=lambda pair: (pair[1]["position"], pair[0]))
            if topic["section"] == section["slug"]
        ]
    },
    prose=("body",),
)

TOPIC = Kind(
    name="topic",
    plural="topics",
    file="topics",
    record=TopicRecord,
    item=Topic,
    order=("section", "position"),
    ranked={"section": "section"},
    path=lambda item: f"/{item['section']}/{item['slug']}",
    markdown=("body",),
    heavy=("body", "body_html"),
    filters={
        "section": Filter("section", "section"),
        "element": Filter("elements", "essential-element"),
        "program_type": Filter("program_types", "program-type"),
        "learning_site": Filter("learning_sites", "learning-site"),
        "resource": Filter("resources", "resource"),
    },
    links={
        "section": "section",
        "elements": "essential-element",
        "program_types": "program-type",
        "learning_sites": "learning-site",
        "resources": "resource",
        "facts": "fact",
        "measures": "measure",
    },
    prose=("body",),
)

TOOLKIT = Kind(
    name="toolkit",
    plural="toolkit",
    file="toolkit",
    record=ToolkitRecord,
    item=ToolkitHome,
    order=(),
    path=lambda _item: "/",
    links={"introduction": "page"},
    prepare=lambda raw: {"slug": "toolkit", **raw},
)
