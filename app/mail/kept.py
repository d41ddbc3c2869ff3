"""Letters of sandboxes: written like all others, never sent, and kept where the sandbox can read them.

A task of the worker. Keeping is one transaction on our own database, so each letter is kept exactly once, needs no
lease and knows no later: what cannot be written now has failed, and says why. Its time is the sandbox's own.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import World
from app.core.clock import Clock
from app.core.db import Database
from app.core.letters import Facts, SandboxLetter
from app.core.notices import Notice, NoticeStatus
from app.core.work import Work
from app.mail.office import Letter, Lookups, Office, write
from app.mail.queue import ACTOR, Result, tell
from app.mail.room import found_facts
from app.mail.sender import Unsent

AT_ONCE = 50


def keeping(office: Office, lookups: Lookups, clock: Clock) -> Callable[[Database, datetime], Awaitable[int]]:
    """The task that keeps letters of sandboxes."""

    async def keep_due(database: Database, _now: datetime) -> int:
        waiting = select(Notice).where(Notice.status == NoticeStatus.QUEUED, Notice.world_id.is_not(None))
        async with database.read() as session:
            notices = list(await session.scalars(waiting.order_by(Notice.id).limit(AT_ONCE)))
            found = {notice.id: await found_facts(session, notice, lookups) for notice in notices}
        if not notices:
            return 0
        letters = {notice.id: await _written(office, notice, found[notice.id]) for notice in notices}
        async with database.write() as session:
            # Between looking and locking another worker may have kept some: those are passed over.
            ours = list(await session.scalars(waiting.where(Notice.id.in_(letters)).with_for_update(skip_locked=True)))
            ahead = await _ahead(session, {notice.world_id for notice in ours if notice.world_id})
            for notice in ours:
                facts = found[notice.id]
                owner_id = facts.owner_id if isinstance(facts, Facts) else None
                at = clock() + ahead.get(notice.world_id, timedelta())
                _keep(session, notice, letters[notice.id], owner_id, at)
        return len(notices)

    return keep_due


async def _written(office: Office, notice: Notice, facts: Facts | Unsent) -> Letter | Unsent:
    if isinstance(facts, Unsent):
        return facts
    try:
        return await asyncio.to_thread(write, office, notice, facts)
    except Unsent as unsent:
        return unsent


async def _ahead(session: AsyncSession, worlds: set[UUID]) -> dict[UUID | None, timedelta]:
    """How far the clock of each sandbox runs ahead of ours."""
    rows = await session.execute(select(World.id, World.offset_seconds).where(World.id.in_(worlds)))
    return {row.id: timedelta(seconds=row.offset_seconds) for row in rows}


def _keep(session: AsyncSession, notice: Notice, letter: Letter | Unsent, owner_id: UUID | None, at: datetime) -> None:
    sent = isinstance(letter, Letter)
    notice.attempts, notice.settled_at = notice.attempts + 1, at
    notice.status = NoticeStatus.SENT if sent else NoticeStatus.FAILED
    notice.outcome = "sandbox" if isinstance(letter, Letter) else letter.code
    if isinstance(letter, Letter) and notice.world_id is not None:
        session.add(SandboxLetter(
            notice_id=notice.id, world_id=notice.world_id, kind=notice.kind, recipient=notice.recipient,
            address=letter.envelope.to.addr_spec, kept_at=at, message_id=letter.envelope.message_id,
            subject=letter.words.subject, text=letter.words.text, html=letter.words.html,
        ))  # fmt: skip
    work = Work(session=session, actor=ACTOR, now=at, world_id=notice.world_id)
    tell(work, Result(notice, at, notice.outcome, sent=sent, owner_id=owner_id))
