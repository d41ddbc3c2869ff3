"""A unit of work: who, when, in which transaction, and what happened.

One fact is one row. `Work.record` writes an `Event` in the same transaction as its cause, so nothing can be announced
that did not happen, nor happen unannounced. Auditors read these rows; the worker numbers and delivers them.

An event's `position` is null until the worker, alone under a lock, numbers what is already visible. Positions
therefore follow commit order on both databases: a transaction that commits late is numbered late, never skipped.

Payloads are thin: ids, statuses, times. No personal data, because they leave by webhook and stay for audit.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.facts import FACTS
from app.core.ids import new_id
from app.core.words import Key, Label


class Event(Base):
    """A fact. One row is both the audit trail and the outbox."""

    __tablename__ = "event"
    __table_args__ = (
        Index(
            "ix_event_unnumbered",
            "id",
            sqlite_where=text("position IS NULL"),
            postgresql_where=text("position IS NULL"),
        ),
        Index("ix_event_subject", "subject_type", "subject_id"),
        Index("ix_event_feed", "owner_id", "position"),
        Index(
            "ix_event_world",
            "world_id",
            "position",
            sqlite_where=text("world_id IS NOT NULL"),
            postgresql_where=text("world_id IS NOT NULL"),
        ),
    )

    id: Mapped[Key]
    type: Mapped[Label]
    subject_type: Mapped[Label]
    subject_id: Mapped[Label]
    owner_id: Mapped[UUID | None]
    """The partner whom the fact concerns; null for nobody's and everybody's."""
    world_id: Mapped[UUID | None]
    """The sandbox it happened in; null for the real world."""
    actor: Mapped[Label]
    request_id: Mapped[Label | None]
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    position: Mapped[int | None] = mapped_column(BigInteger, unique=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Who acts, when, and in which world: all that a pure function needs to make the rows of a change."""

    actor: str
    now: datetime
    request_id: str | None = None
    world_id: UUID | None = None

    def fact(
        self, type_: str, subject_type: str, subject_id: object, *, owner_id: UUID | None = None, **data: Any
    ) -> dict[str, Any]:
        """What happened, as a row of `event`, for those who write many at once."""
        if type_ not in FACTS:
            raise LookupError(f"the event type {type_} is defined nowhere")
        return {
            "id": new_id(), "type": type_, "subject_type": subject_type, "subject_id": str(subject_id),
            "owner_id": owner_id, "world_id": self.world_id, "actor": self.actor, "request_id": self.request_id,
            "at": self.now, "data": data,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Work(Moment):
    """Handed to every function that writes: no globals, no `request` in the domain, and tests set the time."""

    session: AsyncSession

    def record(
        self, type_: str, subject_type: str, subject_id: object, *, owner_id: UUID | None = None, **data: Any
    ) -> Event:
        """Write down what happened, in the same transaction as its cause."""
        event = Event(**self.fact(type_, subject_type, subject_id, owner_id=owner_id, **data))
        self.session.add(event)
        return event
