"""Notices: letters owed, as rows. Written in the same transaction as their cause, sent later by the worker.

A notice names its kind, what it is about and who should get it; never an address or a word of anybody's. The address
and the words are looked up when the letter is rendered, so personal data stays in the one place where it is kept.

    queued --claim--> queued (leased, attempts + 1) --sent--> sent
                                                    --temporary failure--> queued (next_attempt_at later)
                                                    --refused for good, or too many attempts--> failed
    queued --what it urges to do was done--> superseded

A worker that dies after claiming leaves a lease that runs out; the letter is sent again with the same Message-ID, so
a recipient's system can tell that it is the same one. At least once, and said so.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from app.core.db import Base
from app.core.ids import new_id
from app.core.words import Key, Label
from app.core.work import Moment, Work


class NoticeStatus(StrEnum):
    """How far a letter has come."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    SUPERSEDED = "superseded"


class Recipient(StrEnum):
    """Who gets it; the address is looked up when it is sent."""

    REQUESTER = "requester"
    STAFF = "staff"
    PARTNER = "partner"


class Notice(Base):
    """One letter owed."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_due", "next_attempt_at", sqlite_where=text("status = 'queued'"),
              postgresql_where=text("status = 'queued'")),
        # Letters of sandboxes are looked for apart, and few: a backlog of real ones must not be read for their sake.
        Index("ix_notice_sandbox", "id", sqlite_where=text("status = 'queued' AND world_id IS NOT NULL"),
              postgresql_where=text("status = 'queued' AND world_id IS NOT NULL")),
        Index("ix_notice_subject", "subject_type", "subject_id"),
        Index("ix_notice_world", "world_id", sqlite_where=text("world_id IS NOT NULL"),
              postgresql_where=text("world_id IS NOT NULL")),
    )  # fmt: skip

    id: Mapped[Key]
    kind: Mapped[Label]
    subject_type: Mapped[Label]
    subject_id: Mapped[UUID]
    recipient: Mapped[Recipient]
    world_id: Mapped[UUID | None]
    data: Mapped[dict[str, Any]]
    """Thin: times, statuses, ids. No personal data."""
    status: Mapped[NoticeStatus]
    queued_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    """When it may be tried (again); while it is leased, when the lease runs out."""
    attempts: Mapped[int]
    settled_at: Mapped[datetime | None]
    outcome: Mapped[Label | None]
    """Why it failed, or what the receiving system answered, as a code such as `smtp-550`."""


def notice_row(
    work: Moment, kind: str, subject_type: str, subject_id: UUID, recipient: Recipient, **data: Any
) -> dict[str, Any]:
    """A letter owed, as a row for a bulk insert."""
    return {
        "id": new_id(), "kind": kind, "subject_type": subject_type, "subject_id": subject_id,
        "recipient": recipient, "world_id": work.world_id, "data": data, "status": NoticeStatus.QUEUED,
        "queued_at": work.now, "next_attempt_at": work.now, "attempts": 0,
    }  # fmt: skip


def notify(work: Work, kind: str, subject_type: str, subject_id: UUID, recipient: Recipient, **data: Any) -> Notice:
    """Owe somebody a letter, in the same transaction as its cause."""
    notice = Notice(**notice_row(work, kind, subject_type, subject_id, recipient, **data))
    work.session.add(notice)
    return notice
