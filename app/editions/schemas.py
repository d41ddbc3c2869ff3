"""Shapes of editions, changes and exports."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from app.core.web import In, Out
from app.core.words import InDigits, Instant, Slug
from app.editions.asking import LIMIT, LIMIT_MAX, AsOfQuery, BareListQuery
from app.editions.kinds import ItemPage, Listing
from app.editions.sources import SourceItem


class SourcePage(ItemPage):
    """Sources, by slug."""

    items: list[SourceItem]


class SourceQuery(BareListQuery):
    """Which sources."""


class EditionOut(Out):
    """One act of publishing."""

    number: int
    published_at: Instant
    note: str | None
    digest: str = Field(description="SHA-256 of the NDJSON export, in the form of RFC 9530.")
    items: int = Field(description="Items published after it.")
    created: int
    changed: int
    retired: int
    href: str


class EditionPage(Out):
    """Editions, newest first."""

    items: list[EditionOut]
    total: int
    links: Listing


class PageQuery(In):
    """How a list is cut."""

    limit: Annotated[int, InDigits] = Field(LIMIT, ge=1, le=LIMIT_MAX, description="Items on a page.")
    before: Annotated[int, Field(ge=1, le=2**31 - 1), InDigits] | None = Field(
        None, description="Only editions before this number."
    )


class Action(StrEnum):
    """What an edition did to an item."""

    CREATED = "created"
    CHANGED = "changed"
    RETIRED = "retired"


class Change(Out):
    """What one edition did to one item; a tombstone where `document` is null."""

    edition: int
    type: str
    slug: Slug
    action: Action
    document: dict[str, Any] | None = Field(description="The item as the export holds it; null when retired.")


class ChangePage(Out):
    """Changes in the order in which they were published."""

    items: list[Change]
    total: int = Field(description="How many there are after `after`, on all pages.")
    after: int = Field(description="What was asked: changes after this edition.")
    edition: int = Field(description="The newest edition; ask again with `after` at this number once all is read.")
    links: Listing


class ChangesQuery(In):
    """Which changes."""

    after: Annotated[int, InDigits] = Field(
        0, ge=0, le=2**31 - 1, description="The edition you have; 0 for everything."
    )
    until: Annotated[int, Field(ge=0, le=2**31 - 1), InDigits] | None = Field(
        None, description="Stop at this edition; `links.next` sets it."
    )
    offset: Annotated[int, InDigits] = Field(
        0, ge=0, le=10_000_000, description="Changes to skip; `links.next` does this for you."
    )
    limit: Annotated[int, InDigits] = Field(LIMIT, ge=1, le=LIMIT_MAX, description="Changes on a page.")


class ExportFormat(StrEnum):
    """How an export is written."""

    NDJSON = "ndjson"
    JSON = "json"


class ExportQuery(AsOfQuery):
    """Which export."""

    format: ExportFormat | None = Field(None, description="Over `Accept`; `ndjson` where neither says.")


class ExportItem(Out):
    """One line of an export."""

    type: str
    slug: Slug
    document: dict[str, Any]


class Export(Out):
    """Everything published."""

    edition: int
    digest: str = Field(description="SHA-256 of the NDJSON form.")
    items: list[ExportItem]


class ResolveQuery(AsOfQuery):
    """Which path."""

    path: str = Field(
        min_length=1, max_length=300, pattern=r"^/", examples=["/training/cit-training"],
        description="A front end's path; a query, a fragment and a slash at its end are passed over.",
    )  # fmt: skip


class Resolved(Out):
    """What a path stands for."""

    type: str
    slug: Slug
    title: str
    href: str
    path: str = Field(description="The canonical path.")
    canonical: bool = Field(description="False where the path asked for is an old one: redirect to `path`.")
