"""What every kind of content has in common, and how a kind is described.

A kind has two faces made from one list of fields: the *record* an author writes (`sources` are citation labels) and
the *item* a client reads (`sources` are spelled out; HTML, links and the edition are added). The record can be had
back from the item, so an export loads into an empty database and comes out again as the same bytes.

A kind is described by one `Kind` value beside its models; `app.contents` lists them all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from app.core.words import URL, AsOf, Instant, Line, Printable, Slug, Summary, Title, Year

Citation = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9-]*(\.(high|medium|low))?$",
        max_length=90,
        examples=["compton-cit-review-2008", "cit-core-elements-2007.high"],
    ),
]
Markdown = Annotated[
    str,
    Field(
        min_length=1, max_length=20_000, json_schema_extra={"contentMediaType": "text/markdown"},
        description="Markdown (CommonMark, tables). Links lead to paths of the front end, `[^id]` to one of `sources`.",
    ),
    Printable,
]  # fmt: skip
HTML = Annotated[
    str,
    Field(
        max_length=80_000, json_schema_extra={"contentMediaType": "text/html"},
        description="The same as HTML that is safe to insert. Headings have ids; links lead to paths of the front end, "
        "citations to `#source-<id>`.",
    ),
]  # fmt: skip
BodyHTML = Annotated[
    HTML,
    Field(
        description="`body` as HTML that is safe to insert. Headings have ids; links lead to paths of the front end, "
        "citations to `#source-<id>` in the list of sources at its end."
    ),
]
Slugs = Annotated[list[Slug], Field(max_length=100)]
Lines = Annotated[list[Line], Field(max_length=40)]


class Confidence(StrEnum):
    """How sure we are of what a source is cited for."""

    VERIFIED = "verified"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    EDITORIAL = "editorial"


class Fields(BaseModel):
    """Parent of every list of fields: unknown keys are mistakes, and an answer always carries every key."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", frozen=True, json_schema_serialization_defaults_required=True
    )


class Record(Fields):
    """What every author's record has."""

    slug: Slug
    title: Title
    summary: Summary
    former_slugs: Slugs = Field(
        default=[], description="Slugs it had before; `GET /v1/resolve` still finds it by them."
    )
    sources: Annotated[list[Citation], Field(max_length=80)] = Field(
        default=[],
        description="Citation labels: a slug of the source registry, with `.high`, `.medium` or `.low` where the fact "
        "is general knowledge of that source and was not checked against a copy.",
    )


class Source(Fields):
    """Where a fact comes from, and how sure we are of it."""

    id: Citation = Field(description="The citation label; `[^id]` in Markdown and `#source-id` in HTML point here.")
    title: Title
    publisher: Title | None
    year: Year | None
    url: URL | None
    as_of: AsOf | None = Field(description="When the source, or the figure in it, was true.")
    confidence: Confidence = Field(
        description="`verified`: seen in a copy of the source. `high`, `medium`, `low`: general knowledge of the named "
        "source, not checked against a copy. `editorial`: this toolkit's own suggestion."
    )


class EmbeddedItem(BaseModel):
    """An item in the form its own list gives it; further fields are those of its type."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    type: str
    slug: Slug
    title: Title
    summary: Summary
    href: str


class Embedded(Fields):
    """Items that were linked by slug, embedded. Cut lists say so."""

    items: list[EmbeddedItem]
    total: int = Field(description="How many are linked.")
    truncated: bool = Field(description="True when `items` holds fewer than `total`; `href` leads to the rest.")
    href: str | None = Field(description="The list that holds what was cut; null when nothing was.")


class Item(Fields):
    """What every published item has."""

    type: str
    slug: Slug
    title: Title
    summary: Summary
    href: str = Field(description="Where this API serves the item.")
    path: str = Field(description="The item's canonical path on a front end; `GET /v1/resolve` turns it back.")
    former_slugs: Slugs
    sources: list[Source] = Field(description="What the item cites, in the order of its numbers in `[1]`, `[2]` …")
    updated_at: Instant = Field(description="When the edition that last changed the item was published.")
    edition: int = Field(description="The edition in which the item last changed.")
    included: dict[str, Embedded] | None = Field(
        description="What `include` asked for, by field; null where it was not given."
    )


class Ref(Fields):
    """A pointer to an item of any type."""

    type: Annotated[str, Field(max_length=40)]
    slug: Slug


Records = Mapping[str, Mapping[str, dict[str, Any]]]
"""kind → slug → record."""


@dataclass(frozen=True)
class Filter:
    """A query parameter that keeps the items whose `field` is, or contains, one of the values asked for."""

    field: str
    refers_to: str | None = None
    """The kind whose slugs are the only values allowed."""


@dataclass(frozen=True)
class Kind:
    """How one kind of content is written, checked, served, found and ordered."""

    name: str
    plural: str
    """Last part of its route, and of nothing else."""
    file: str
    """`seed_data/<file>.yaml` (a list), or a folder `seed_data/<file>/` with a record a file."""
    record: type[Record]
    item: type[Item]
    order: tuple[str, ...]
    """Fields of the default order; the slug always comes last."""
    path: Callable[[Mapping[str, Any]], str]
    """Canonical front-end path of a document."""
    markdown: tuple[str, ...] = ()
    """Fields in Markdown; each has a twin `<field>_html` that is made when published."""
    heavy: tuple[str, ...] = ()
    """Fields that lists leave out unless `fields` asks for them."""
    filters: Mapping[str, Filter] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    """Fields that hold slugs, and the kind they name: checked when loaded, embedded by `include`."""
    volatile: Mapping[str, Any] = field(default_factory=dict)
    """Fields whose value depends on the question; their value where it was not asked."""
    derive: Callable[[dict[str, Any], "Records"], dict[str, Any]] | None = None
    """Fields computed when published, from the record and from all others."""
    ranked: Mapping[str, str] = field(default_factory=dict)
    """Fields of `order` that hold a slug, and the kind (one listed before) whose order theirs is.

    Sorting by the last field of `order` is then the default order.
    """
    prepare: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    """Completes what an author may leave out, before the record is checked."""
    prose: tuple[str, ...] = ()
    """Fields, beside title and summary, whose words are searched."""
    numbers: tuple[str, ...] = ()
    """Further fields that routes sort by or compute with."""
    kept: Mapping[str, Callable[[Mapping[str, Any]], Any]] = field(default_factory=dict)
    """Small values made from a document that routes compute with, so that the document need not be parsed again."""
    listed: bool = True
    """False for what is part of every edition but has no page of its own (synonyms)."""


class Listing(Fields):
    """Where a list goes on."""

    self: str
    next: str | None = Field(description="The next page, of the same edition; null on the last.")
    prev: str | None


class ItemPage(Fields):
    """Parent of every list of content."""

    items: list[Any]
    total: int = Field(description="How many items match, on all pages.")
    links: Listing
