"""What the worker does for the desk: tell what fell due, give back claims whose time is over.

Each task looks first, without a lock, and takes rows in small batches with `FOR UPDATE SKIP LOCKED`, so that several
workers share the work. A sandbox has a clock of its own: its rows fall due by its own time. Whatever is missed for two
days is found by the same look at one column.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import World
from app.core.db import Database
from app.core.work import Work
from app.tta.acknowledgement import Acknowledgement, seek
from app.tta.desk import end_lease
from app.tta.escalation import catch_up
from app.tta.models import TTARequest
from app.tta.queries import in_world

BATCH = 100
WORLDS = 50
"""Sandboxes looked after in one round; the others have their turn in the next."""
R = TTARequest
Worlds = Mapping[UUID | None, datetime]
"""The present instant in each world; the real one has no id."""
Due = Callable[[datetime], ColumnElement[bool]]


def _step_due(now: datetime) -> ColumnElement[bool]:
    return R.next_step_at < now


def _match_due(now: datetime) -> ColumnElement[bool]:
    open_ = and_(R.match_met_at.is_(None), R.match_breached_at.is_(None), R.match_cancelled_at.is_(None))
    return and_(R.match_due_at < now, open_, R.match_paused_at.is_(None))


def _lease_over(now: datetime) -> ColumnElement[bool]:
    return R.leased_until < now


def _silent(now: datetime) -> ColumnElement[bool]:
    return R.id.in_(select(Acknowledgement.request_id).where(Acknowledgement.next_look_at < now))


async def tell_steps(database: Database, now: datetime) -> int:
    """A task: escalate, and note promises of confirmation that were broken."""
    return await _sweep(database, now, _step_due, _tell)


async def tell_matches(database: Database, now: datetime) -> int:
    """A task: note matches that were not found in time."""
    return await _sweep(database, now, _match_due, _tell)


async def end_leases(database: Database, now: datetime) -> int:
    """A task: put requests whose claim has run out back into the queue."""
    return await _sweep(database, now, _lease_over, _release)


async def seek_acknowledgements(database: Database, now: datetime) -> int:
    """A task: where nobody acknowledged a confirmation, try the next way."""
    return await _sweep(database, now, _silent, seek)


async def _tell(work: Work, requests: Sequence[TTARequest]) -> None:
    await catch_up(work, requests)


async def _release(work: Work, requests: Sequence[TTARequest]) -> None:
    for request in requests:
        end_lease(work, request)


async def _sweep(
    database: Database, now: datetime, due: Due, do: Callable[[Work, Sequence[TTARequest]], Awaitable[None]]
) -> int:
    """Find what is due, a batch of it, and do it; answers how many requests were touched."""
    async with database.read() as session:
        worlds = await _worlds(session, now, due)
        wanted = or_(*(and_(in_world(R.world_id, world), due(present)) for world, present in worlds.items()))
        if await session.scalar(select(R.id).where(wanted).limit(1)) is None:
            return 0
    async with database.write() as session:
        rows = select(R).where(wanted).order_by(R.due_at, R.id).limit(BATCH).with_for_update(skip_locked=True)
        found = list(await session.scalars(rows))
        for world, present in worlds.items():
            there = [one for one in found if one.world_id == world]
            if there:
                await do(Work(session=session, actor="system", now=present, world_id=world), there)
    return len(found)


async def _worlds(session: AsyncSession, now: datetime, due: Due) -> Worlds:
    """The real world, and the sandboxes in which something may be due."""
    farthest = await session.scalar(select(World.offset_seconds).order_by(World.offset_seconds.desc()).limit(1))
    if farthest is None:
        return {None: now}
    latest = now + timedelta(seconds=farthest)
    touched = select(R.id).where(R.world_id == World.id, due(latest)).exists()
    rows: Any = await session.execute(select(World.id, World.offset_seconds).where(touched).limit(WORLDS))
    return {None: now, **{row.id: now + timedelta(seconds=row.offset_seconds) for row in rows}}
