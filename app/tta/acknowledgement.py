"""No silence: a partner's system acknowledges the confirmation, or another way is tried, and then a person must act.

    confirmed --24 h without a word--> a letter to the partner (or to the requester), `tta.unacknowledged`
              --24 h more without a word--> staff have the task to reach them, `tta.unacknowledged` again
              --a word, at any time--> acknowledged; the task is done

A word is `POST …/acknowledgements`, or anything that the requester does to the request afterwards: who answers has
heard. Staff who reached them otherwise say so by the same address. Requests of the public form are not waited for:
their confirmation is itself a letter to the person who asked, and one that cannot be delivered is told as failed.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import ForeignKey, Index, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.access.models import Owner
from app.core.db import Base
from app.core.errors import Conflict
from app.core.facts import Data, define
from app.core.notices import Recipient, notify
from app.core.words import Instant
from app.core.work import Work
from app.tta.escalation import close_task, open_task
from app.tta.facts import SUBJECT, told
from app.tta.models import TaskKind, TTARequest
from app.tta.queries import Viewer
from app.tta.states import ENDS, By, Letter
from app.tta.telling import record

WITHIN = timedelta(hours=24)
"""How long each way is given before the next is tried."""


class Acknowledged(Data):
    """Somebody said that the confirmation was heard."""

    reference: str
    external_ref: str | None
    by: By


class Unacknowledged(Data):
    """Nobody has said that the confirmation was heard."""

    reference: str
    external_ref: str | None
    confirmed_at: Instant
    tried: Literal["letter", "desk"] = Field(description="What we do now: write a letter, or give staff the task.")


define("tta.acknowledged", "The confirmation was acknowledged.", Acknowledged)
define("tta.unacknowledged", "The confirmation was not acknowledged in time; another way is tried.", Unacknowledged)


class NothingToAcknowledge(Conflict):
    """The request is not confirmed yet, so there is no confirmation to acknowledge. `tta.confirmed` tells when."""

    title = "Nothing to acknowledge yet"


class Acknowledgement(Base):
    """Whether the confirmation of a request was heard."""

    __tablename__ = "tta_acknowledgement"
    __table_args__ = (
        Index(
            "ix_tta_acknowledgement_next_look", "next_look_at",
            sqlite_where=text("next_look_at IS NOT NULL"), postgresql_where=text("next_look_at IS NOT NULL"),
        ),
    )  # fmt: skip

    request_id: Mapped[UUID] = mapped_column(ForeignKey("tta_request.id", ondelete="CASCADE"), primary_key=True)
    world_id: Mapped[UUID | None]
    confirmed_at: Mapped[datetime]
    next_look_at: Mapped[datetime | None]
    """When the next way is tried; null when nothing more is."""
    letter_at: Mapped[datetime | None]
    desk_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[By | None]


def expect(work: Work, request: TTARequest) -> None:
    """Begin to wait for a word; for a partner's requests alone."""
    if request.owner_id is not None:
        work.session.add(_row(request, work.now, next_look_at=work.now + WITHIN))


def _row(request: TTARequest, confirmed_at: datetime, next_look_at: datetime | None) -> Acknowledgement:
    return Acknowledgement(
        request_id=request.id, world_id=request.world_id, confirmed_at=confirmed_at, next_look_at=next_look_at,
        letter_at=None, desk_at=None, acknowledged_at=None, acknowledged_by=None,
    )  # fmt: skip


async def acknowledge(work: Work, viewer: Viewer, request: TTARequest) -> Acknowledgement:
    """Somebody has heard; the first word counts, and every later one changes nothing."""
    if request.met_at is None:
        raise NothingToAcknowledge("The request is not confirmed yet; `clock.due_at` says by when it will be.")
    found = await work.session.get(Acknowledgement, request.id)
    if found is None:
        found = _row(request, request.met_at, None)
        work.session.add(found)
    if found.acknowledged_at is None:
        found.acknowledged_at, found.acknowledged_by, found.next_look_at = work.now, viewer.by, None
        record(
            work, request, "tta.acknowledged",
            reference=request.reference, external_ref=request.external_ref, by=viewer.by.value,
        )  # fmt: skip
        if found.desk_at is not None:
            await close_task(work, request, viewer.caller.owner_id, TaskKind.REACH_REQUESTER)
    return found


async def note_word(work: Work, viewer: Viewer, request: TTARequest) -> None:
    """Whoever acts after the confirmation has heard of it."""
    if viewer.by is By.REQUESTER and request.owner_id is not None and request.met_at is not None:
        await acknowledge(work, viewer, request)


async def seek(work: Work, requests: Sequence[TTARequest]) -> None:
    """Try the next way for each; the caller has the requests locked."""
    mine = select(Acknowledgement).where(Acknowledgement.request_id.in_([one.id for one in requests]))
    waiting = {row.request_id: row for row in await work.session.scalars(mine)}
    for request in requests:
        row = waiting.get(request.id)
        if row is None or row.next_look_at is None or row.next_look_at >= work.now:
            continue  # another worker was here
        if request.status in ENDS:
            row.next_look_at = None
        elif row.letter_at is None:
            row.letter_at, row.next_look_at = work.now, work.now + WITHIN
            _say(work, request, row, "letter")
            await _write(work, request)
        else:
            row.desk_at, row.next_look_at = work.now, None
            _say(work, request, row, "desk")
            open_task(work, request, TaskKind.REACH_REQUESTER)
            notify(work, Letter.UNREACHED, SUBJECT, request.id, Recipient.STAFF, confirmed_at=told(row.confirmed_at))


def _say(work: Work, request: TTARequest, row: Acknowledgement, tried: str) -> None:
    record(
        work, request, "tta.unacknowledged",
        reference=request.reference, external_ref=request.external_ref,
        confirmed_at=told(row.confirmed_at), tried=tried,
    )  # fmt: skip


async def _write(work: Work, request: TTARequest) -> None:
    """A letter to the partner's people; where none are known, to the person who asked through them."""
    known = await work.session.scalar(select(Owner.contact_email).where(Owner.id == request.owner_id))
    recipient = Recipient.PARTNER if known else Recipient.REQUESTER
    notify(work, Letter.UNACKNOWLEDGED, SUBJECT, request.id, recipient)
