"""Three tables hold all published content.

- `edition`: one row per act of publishing, numbered from 1 without gaps.
- `revision`: append-only; one row for each item that an edition created, changed or retired, with the whole document.
- `published`: what stands now and nothing else; one row per item, pointing at its revision.

There is no table per kind. Nothing ever filters content in SQL: a replica keeps the edition in memory
(`snapshot.py`), and the documents are typed by the Pydantic model that validated them. A draft cannot leak, because
drafts are in none of the three tables.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.words import Label


class Edition(Base):
    """One act of publishing."""

    __tablename__ = "edition"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    published_at: Mapped[datetime]
    published_by: Mapped[Label]
    note: Mapped[str | None] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text)
    """SHA-256 of the export, in the form of RFC 9530: `sha-256=:…:`."""
    items: Mapped[int]
    created: Mapped[int]
    changed: Mapped[int]
    retired: Mapped[int]


class Revision(Base):
    """One item as one edition left it; `document` is null where it was retired."""

    __tablename__ = "revision"
    __table_args__ = (Index("ix_revision_edition", "edition"),)

    kind: Mapped[Label] = mapped_column(primary_key=True)
    slug: Mapped[Label] = mapped_column(primary_key=True)
    edition: Mapped[int] = mapped_column(ForeignKey("edition.number"), primary_key=True)
    action: Mapped[Label]
    document: Mapped[str | None] = mapped_column(Text)


class Published(Base):
    """What stands now: which revision of each item the current edition holds."""

    __tablename__ = "published"
    __table_args__ = (
        ForeignKeyConstraint(["kind", "slug", "edition"], ["revision.kind", "revision.slug", "revision.edition"]),
    )

    kind: Mapped[Label] = mapped_column(primary_key=True)
    slug: Mapped[Label] = mapped_column(primary_key=True)
    edition: Mapped[int]
