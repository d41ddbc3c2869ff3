"""Typed tables for the toolkit, as the SQLAlchemy tutorial teaches them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, ForeignKey, Integer, String, Table, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """Every table's parent."""

    type_annotation_map = {
        list[str]: JSON, list[dict[str, Any]]: JSON, dict[str, Any]: JSON, datetime: DateTime(timezone=True),
    }  # fmt: skip


class Item:
    """What every published item has."""

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(200), index=True)
    summary: Mapped[str] = mapped_column(String(400))
    path: Mapped[str] = mapped_column(String(200))
    former_slugs: Mapped[list[str]]
    updated_at: Mapped[datetime]
    edition: Mapped[int]


class Source(Base):
    """Where facts come from."""

    __tablename__ = "source"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(90), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    publisher: Mapped[str | None] = mapped_column(String(200))
    year: Mapped[int | None]
    url: Mapped[str | None] = mapped_column(String(500))
    as_of: Mapped[str | None] = mapped_column(String(10))


class Citation:
    """A source that an item cites, at its place in the item's list."""

    position: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(String(90))
    confidence: Mapped[str] = mapped_column(String(20))
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))


class SiteCitation(Citation, Base):
    """Cited by a learning site."""

    __tablename__ = "site_citation"

    item_id: Mapped[int] = mapped_column(ForeignKey("learning_site.id"), primary_key=True)
    source: Mapped[Source] = relationship(lazy="raise")


class TopicCitation(Citation, Base):
    """Cited by a topic."""

    __tablename__ = "topic_citation"

    item_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), primary_key=True)
    source: Mapped[Source] = relationship(lazy="raise")


class SectionCitation(Citation, Base):
    """Cited by a section."""

    __tablename__ = "section_citation"

    item_id: Mapped[int] = mapped_column(ForeignKey("section.id"), primary_key=True)
    source: Mapped[Source] = relationship(lazy="raise")


class PageCitation(Citation, Base):
    """Cited by a page."""

    __tablename__ = "page_citation"

    item_id: Mapped[int] = mapped_column(ForeignKey("page.id"), primary_key=True)
    source: Mapped[Source] = relationship(lazy="raise")


site_program_type = Table(
    "site_program_type",
    Base.metadata,
    Column("site_id", ForeignKey("learning_site.id"), primary_key=True),
    Column("program_type_id", ForeignKey("program_type.id"), primary_key=True, index=True),
    Column("position", Integer),
)
topic_program_type = Table(
    "topic_program_type",
    Base.metadata,
    Column("topic_id", ForeignKey("topic.id"), primary_key=True),
    Column("program_type_id", ForeignKey("program_type.id"), primary_key=True, index=True),
    Column("position", Integer),
)


class ProgramType(Base):
    """An approach to collaboration."""

    __tablename__ = "program_type"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(200))


class Figure(Base):
    """A number of a learning site."""

    __tablename__ = "figure"

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("learning_site.id"), index=True)
    name: Mapped[str] = mapped_column(String(40))
    value: Mapped[int]
    as_of: Mapped[str | None] = mapped_column(String(10))
    approximate: Mapped[bool]
    note: Mapped[str | None] = mapped_column(String(500))
    sources: Mapped[list[str]]


class LearningSite(Item, Base):
    """An agency to learn from."""

    __tablename__ = "learning_site"

    short_title: Mapped[str] = mapped_column(String(200))
    aliases: Mapped[list[str]]
    kind: Mapped[str] = mapped_column(String(20), index=True)
    setting: Mapped[str] = mapped_column(String(20), index=True)
    size: Mapped[str | None] = mapped_column(String(20), index=True)
    city: Mapped[str] = mapped_column(String(200))
    counties: Mapped[list[str]]
    state: Mapped[str] = mapped_column(String(2), index=True)
    latitude: Mapped[float]
    longitude: Mapped[float]
    location_note: Mapped[str] = mapped_column(String(500))
    cohort: Mapped[int] = mapped_column(index=True)
    cohort_note: Mapped[str | None] = mapped_column(String(500))
    program_types_note: Mapped[str] = mapped_column(String(500))
    strengths_for: Mapped[list[str]]
    highlights: Mapped[list[str]]
    highlights_html: Mapped[list[str]]
    partners: Mapped[list[str]]
    description: Mapped[str] = mapped_column(Text)
    description_html: Mapped[str] = mapped_column(Text)
    website: Mapped[str | None] = mapped_column(String(500))
    website_confidence: Mapped[str | None] = mapped_column(String(20))
    topics: Mapped[list[str]]
    resources: Mapped[list[str]]

    program_types: Mapped[list[ProgramType]] = relationship(
        secondary=site_program_type, order_by=site_program_type.c.position, lazy="raise"
    )
    figures: Mapped[list[Figure]] = relationship(lazy="raise")
    citations: Mapped[list[SiteCitation]] = relationship(order_by=SiteCitation.position, lazy="raise")


class Topic(Item, Base):
    """A page of a section."""

    __tablename__ = "topic"

    section_id: Mapped[int] = mapped_column(ForeignKey("section.id"), index=True)
    position: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    elements: Mapped[list[str]]
    learning_sites: Mapped[list[str]]
    resources: Mapped[list[str]]
    facts: Mapped[list[str]]
    measures: Mapped[list[str]]

    section: Mapped["Section"] = relationship(back_populates="topics", lazy="raise")
    program_types: Mapped[list[ProgramType]] = relationship(
        secondary=topic_program_type, order_by=topic_program_type.c.position, lazy="raise"
    )
    citations: Mapped[list[TopicCitation]] = relationship(order_by=TopicCitation.position, lazy="raise")


class Section(Item, Base):
    """A part of the toolkit."""

    __tablename__ = "section"

    number: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    resources: Mapped[list[str]]

    topics: Mapped[list[Topic]] = relationship(
        back_populates="section", order_by=(Topic.position, Topic.slug), lazy="raise"
    )
    citations: Mapped[list[SectionCitation]] = relationship(order_by=SectionCitation.position, lazy="raise")


class Page(Item, Base):
    """A page of the home page's own."""

    __tablename__ = "page"

    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    video: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    facts: Mapped[list[str]]
    resources: Mapped[list[str]]
    related: Mapped[list[dict[str, Any]]]

    citations: Mapped[list[PageCitation]] = relationship(order_by=PageCitation.position, lazy="raise")


class Home(Base):
    """The home page's own words and lists."""

    __tablename__ = "home"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(String(400))
    introduction: Mapped[str] = mapped_column(String(80))
    featured: Mapped[list[dict[str, Any]]]
    next_steps: Mapped[list[dict[str, Any]]]


class TTARequest(Base):
    """A request for training and technical assistance."""

    __tablename__ = "tta_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    status: Mapped[str] = mapped_column(String(20), index=True)
    received_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
    contact: Mapped[dict[str, Any]]
    agency: Mapped[dict[str, Any]]
    kind: Mapped[str] = mapped_column(String(40))
    topics: Mapped[list[str]]
    description: Mapped[str] = mapped_column(Text)
    external_ref: Mapped[str | None] = mapped_column(String(100))
