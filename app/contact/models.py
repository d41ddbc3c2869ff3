"""Submissions, who sent them, and their attachments. Personal data is in `contact_person`, and nowhere else."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.contact.states import Kind, Status
from app.core.db import Base
from app.core.words import Key, Label


class ContactSubmission(Base):
    """Something sent to the editors."""

    __tablename__ = "contact_submission"
    __table_args__ = (
        Index("ix_contact_submission_list", "world_id", "received_at", "id"),
        Index("ix_contact_submission_own", "owner_id", "received_at", "id"),
    )

    id: Mapped[Key]
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    world_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("owner.id"))
    kind: Mapped[Kind]
    status: Mapped[Status]
    topic: Mapped[Label | None]
    received_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    token_digest: Mapped[str | None] = mapped_column(String(64))


class ContactPerson(Base):
    """Who sent it, and every word that was written about it: deleted alone, it leaves the skeleton."""

    __tablename__ = "contact_person"

    submission_id: Mapped[UUID] = mapped_column(
        ForeignKey("contact_submission.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(254))
    agency: Mapped[str | None] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(200))
    message: Mapped[str] = mapped_column(Text)
    reply: Mapped[str | None] = mapped_column(Text)
    """The answer, or the words of the decision."""


class AttachmentStatus(StrEnum):
    """How far a file has come."""

    AWAITED = "awaited"
    STORED = "stored"


class Attachment(Base):
    """A file of a submission: announced first, then sent."""

    __tablename__ = "contact_attachment"
    __table_args__ = (Index("ix_contact_attachment_submission", "submission_id"),)

    id: Mapped[Key]
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("contact_submission.id", ondelete="CASCADE"))
    filename: Mapped[str] = mapped_column(String(150))
    """For people to read; where the file is kept is named by ids alone."""
    media_type: Mapped[Label]
    sha256: Mapped[str | None] = mapped_column(String(64))
    """Announced by the sender, or computed when it came."""
    size_bytes: Mapped[int | None]
    status: Mapped[AttachmentStatus]
    stored_at: Mapped[datetime | None]
