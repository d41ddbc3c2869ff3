"""The tables of the desk. Personal data is in `personal.py`, and nowhere here.

- `tta_request`: one row for each request: where it stands, what is promised, who has it in hand, and what was asked as
  far as that is no personal data. The columns of a clock are written through `confirmation` and `match` only.
- `tta_request_topic`: which topics a request names, so that the queue can be filtered by topic.
- `tta_escalation`: one row for each step of escalation that was told; its key makes a second telling impossible.
- `tta_task`: what staff must do beside the moves of a request, such as an apology for a promise that was not kept.

`due_at` is always 36 hours after `received_at`, so one order serves both: the queue is sorted by time left.
`next_step_at` is when the worker must look at the request again: at the next step of the confirmation, and then at the
new time that an apology named, for whichever promise is waited for. It is null when nothing of these is due any more.
What is due is found by that one column, however long the worker was away.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, OptionalDocument
from app.core.words import Key, Slug, State, Title
from app.tta.choices import AgencyType
from app.tta.sla import Clock
from app.tta.states import Status

MATCH_RUNS = (
    "match_due_at IS NOT NULL AND match_met_at IS NULL AND match_breached_at IS NULL AND match_cancelled_at IS NULL"
)


def _where(name: str, columns: Sequence[str], condition: str) -> Index:
    """An index of the rows that a worker or a filter looks for."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


class TTARequest(Base):
    """A request for training and technical assistance."""

    __tablename__ = "tta_request"
    __table_args__ = (
        UniqueConstraint("owner_id", "external_ref"),
        # PostgreSQL does not know that rows with a null are sorted by the columns behind it, so the real world has
        # indexes of its own, and sandboxes another.
        _where("ix_tta_request_queue", ("due_at", "id"), "world_id IS NULL"),
        _where("ix_tta_request_status", ("status", "due_at", "id"), "world_id IS NULL"),
        # How many rows a filter keeps is read from this one alone, without the rows.
        _where("ix_tta_request_count", ("status", "state", "assignee_id"), "world_id IS NULL"),
        _where("ix_tta_request_world", ("world_id", "due_at", "id"), "world_id IS NOT NULL"),
        Index("ix_tta_request_own", "owner_id", "due_at", "id"),
        _where("ix_tta_request_next_step", ("next_step_at",), "next_step_at IS NOT NULL"),
        _where("ix_tta_request_leased", ("leased_until",), "leased_until IS NOT NULL"),
        _where("ix_tta_request_assignee", ("assignee_id",), "assignee_id IS NOT NULL"),
        _where("ix_tta_request_match_due", ("match_due_at",), MATCH_RUNS),
    )

    id: Mapped[Key]
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    world_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("owner.id"))
    """The partner who sent it; null for the public form."""
    external_ref: Mapped[str | None] = mapped_column(String(100))
    form_version: Mapped[str] = mapped_column(String(24))
    status: Mapped[Status]
    paused_from: Mapped[Status | None]
    """Where `answer` and `resume` lead back to."""
    received_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    due_at: Mapped[datetime]
    met_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    told: Mapped[int]
    """The last step of escalation that was told, in percent; 0 for none."""
    next_step_at: Mapped[datetime | None]
    renewed_due_at: Mapped[datetime | None]
    """The new time that was named with the apology."""

    match_due_at: Mapped[datetime | None]
    match_met_at: Mapped[datetime | None]
    match_breached_at: Mapped[datetime | None]
    match_cancelled_at: Mapped[datetime | None]
    match_paused_at: Mapped[datetime | None]
    match_renewed_due_at: Mapped[datetime | None]
    """The new time that was named with the apology for a match that was not found in time."""

    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("owner.id"))
    leased_until: Mapped[datetime | None]
    """When a claim ends by itself; null for one that was assigned."""

    agency_name: Mapped[Title]
    agency_key: Mapped[str] = mapped_column(String(240))
    """The agency's name folded, to find likely duplicates."""
    agency_type: Mapped[AgencyType]
    state: Mapped[State]
    search: Mapped[str] = mapped_column(Text)
    """Reference, own reference and agency, folded: the same matches in both databases."""
    asked: Mapped[dict[str, Any]]
    """What was asked, without personal data."""
    matched: Mapped[dict[str, Any] | None] = mapped_column(OptionalDocument)
    scheduled: Mapped[dict[str, Any] | None] = mapped_column(OptionalDocument)
    evaluated_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(40))
    """Why it was declined, referred, withdrawn or put on hold: a code."""

    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the canonical body, as the receipt names it."""
    token_digest: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 of the status token; the token itself is stored nowhere."""
    receipt: Mapped[str] = mapped_column(Text)
    confirmation_receipt: Mapped[str | None] = mapped_column(Text)

    @property
    def confirmation(self) -> Clock:
        """The 36 hours."""
        return Clock(self.due_at, self.met_at, self.breached_at, self.cancelled_at)

    @confirmation.setter
    def confirmation(self, clock: Clock) -> None:
        self.due_at, self.met_at = clock.due_at, clock.met_at
        self.breached_at, self.cancelled_at = clock.breached_at, clock.cancelled_at

    @property
    def match(self) -> Clock | None:
        """The 14 days; None before the confirmation."""
        if self.match_due_at is None:
            return None
        return Clock(
            self.match_due_at,
            self.match_met_at,
            self.match_breached_at,
            self.match_cancelled_at,
            self.match_paused_at,
        )

    @match.setter
    def match(self, clock: Clock | None) -> None:
        if clock is not None:
            self.match_due_at, self.match_met_at = clock.due_at, clock.met_at
            self.match_breached_at, self.match_cancelled_at = clock.breached_at, clock.cancelled_at
            self.match_paused_at = clock.paused_at


class RequestTopic(Base):
    """A topic that a request names."""

    __tablename__ = "tta_request_topic"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("tta_request.id", ondelete="CASCADE"), primary_key=True)
    topic: Mapped[Slug] = mapped_column(primary_key=True)


class Escalation(Base):
    """A step of escalation that was told to staff."""

    __tablename__ = "tta_escalation"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("tta_request.id", ondelete="CASCADE"), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fell_due_at: Mapped[datetime]
    told_at: Mapped[datetime]


class TaskKind(StrEnum):
    """What staff must do beside the moves of a request."""

    APOLOGISE = "apologise"
    FIND_MATCH = "find_match"
    REACH_REQUESTER = "reach_requester"


class Task(Base):
    """Something that a member of staff must do; open until it is done. One of a kind for each request."""

    __tablename__ = "tta_task"
    __table_args__ = (
        UniqueConstraint("request_id", "kind"),
        _where("ix_tta_task_open", ("opened_at",), "done_at IS NULL"),
    )

    id: Mapped[Key]
    request_id: Mapped[UUID] = mapped_column(ForeignKey("tta_request.id", ondelete="CASCADE"))
    world_id: Mapped[UUID | None]
    kind: Mapped[TaskKind]
    opened_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("owner.id"))
