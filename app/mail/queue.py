"""Every statement about letters owed: claim in one short transaction, settle in another.

A claim raises `attempts` and pushes `next_attempt_at` to the end of its lease, so a worker that dies gives the letter
back without doing anything. A settlement names the attempt that it settles: a worker that slept past its lease finds
that the letter is another's by now, and changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import Field
from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Database
from app.core.facts import Data, define
from app.core.notices import Notice, NoticeStatus, Recipient
from app.core.work import Work
from app.mail.retry import next_attempt

ACTOR = "worker"


class LetterData(Data):
    """What became of a letter. Neither its words nor its address."""

    notice_id: UUID
    kind: str = Field(description="Such as `tta.receipt`.")
    recipient: Recipient
    attempts: int
    outcome: str | None = Field(description="What the receiving system answered, as a code such as `smtp-550`.")


define("notice.sent", "A letter went out.", LetterData)
define("notice.failed", "A letter could not be delivered, and is not tried again.", LetterData)
define("notice.staff_sent", "A letter to the desk went out.", LetterData, public=False)
define("notice.staff_failed", "A letter to the desk could not be delivered.", LetterData, public=False)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one attempt."""

    notice: Notice
    at: datetime
    code: str
    sent: bool = False
    for_good: bool = False
    owner_id: UUID | None = None
    """The partner whom the subject concerns."""


def due(now: datetime) -> Select[Notice]:
    """Letters of the real world that may be tried now, those that wait longest first."""
    return (
        select(Notice)
        .where(
            Notice.status == NoticeStatus.QUEUED,
            Notice.next_attempt_at <= now,
            Notice.world_id.is_(None),
        )
        .order_by(Notice.next_attempt_at, Notice.id)
    )


async def claim(database: Database, now: datetime, places: int, lease: timedelta) -> Sequence[Notice]:
    """Take up to so many letters for ourselves until the lease runs out."""
    async with database.read() as session:
        # Looking first keeps an idle worker away from SQLite's only write lock.
        if await session.scalar(due(now).with_only_columns(Notice.id).limit(1)) is None:
            return []
    async with database.write() as session:
        mine = list(await session.scalars(due(now).limit(places).with_for_update(skip_locked=True)))
        for notice in mine:
            notice.attempts += 1
            notice.next_attempt_at = now + lease
    return mine


async def settle(session: AsyncSession, result: Result, chance: float) -> bool:
    """Write down what came of an attempt; False when the letter is no longer ours."""
    notice = result.notice
    following = None if result.sent or result.for_good else next_attempt(result.at, notice.attempts, chance)
    ours = update(Notice).where(
        Notice.id == notice.id, Notice.status == NoticeStatus.QUEUED, Notice.attempts == notice.attempts
    )
    if following is not None:
        changed = await session.execute(
            ours.values(next_attempt_at=following, outcome=result.code).returning(Notice.id),
            execution_options={"synchronize_session": False},
        )
        return changed.first() is not None
    status = NoticeStatus.SENT if result.sent else NoticeStatus.FAILED
    changed = await session.execute(
        ours.values(status=status, settled_at=result.at, outcome=result.code).returning(Notice.id),
        execution_options={"synchronize_session": False},
    )
    if changed.first() is None:
        return False
    tell(Work(session=session, actor=ACTOR, now=result.at, world_id=notice.world_id), result)
    return True


def tell(work: Work, result: Result) -> None:
    """Record that a letter went out, or never will."""
    notice = result.notice
    staff = "staff_" if notice.recipient is Recipient.STAFF else ""
    work.record(
        f"notice.{staff}{'sent' if result.sent else 'failed'}",
        notice.subject_type,
        notice.subject_id,
        owner_id=None if staff else result.owner_id,
        notice_id=str(notice.id),
        kind=notice.kind,
        recipient=notice.recipient.value,
        attempts=notice.attempts,
        outcome=result.code,
    )
