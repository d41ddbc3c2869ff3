"""What the worker does for the desk: tell what fell due, give back claims whose time is over.

Each task looks first, without a lock, and takes rows in small batches with `FOR UPDATE SKIP LOCKED`, so that several
workers share the work. A sandbox has a clock of its own: its rows fall due by its own time. Whatever is missed for two
days is found by the same look at one column (`due.py`).

A round looks after few sandboxes: those in which something is due by their own clock, the longest overdue first. What
was done is due no longer, so however many there are, each has its turn; and one whose clock was moved far ahead takes
no place from another. Whoever moves the clock of one sandbox asks for `only` that one.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Float, and_, cast, extract, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import World
from app.core.db import Database
from app.core.work import Work
from app.tta.acknowledgement import seek
from app.tta.due import LOOKS, Look
from app.tta.escalation import catch_up
from app.tta.hands import end_lease
from app.tta.models import TTARequest
from app.tta.queries import in_world

BATCH = 100
WORLDS = 50
"""Sandboxes looked after in one round."""
R = TTARequest
Worlds = Mapping[UUID | None, datetime]
"""The present instant in each world; the real one has no id."""
Do = Callable[[Work, Sequence[TTARequest]], Awaitable[None]]


class Sweep(Protocol):
    """A task of the worker that can also look at one sandbox alone."""

    async def __call__(self, database: Database, now: datetime, only: UUID | None = None) -> int:
        """Do what is due; answers how many requests were touched."""


async def tell_steps(database: Database, now: datetime, only: UUID | None = None) -> int:
    """A task: escalate, and note promises of confirmation that were broken."""
    return await _sweep(database, now, only, LOOKS["tell_steps"], _tell)


async def tell_matches(database: Database, now: datetime, only: UUID | None = None) -> int:
    """A task: note matches that were not found in time."""
    return await _sweep(database, now, only, LOOKS["tell_matches"], _tell)


async def end_leases(database: Database, now: datetime, only: UUID | None = None) -> int:
    """A task: put requests whose claim has run out back into the queue."""
    return await _sweep(database, now, only, LOOKS["end_leases"], _release)


async def seek_acknowledgements(database: Database, now: datetime, only: UUID | None = None) -> int:
    """A task: where nobody acknowledged a confirmation, try the next way."""
    return await _sweep(database, now, only, LOOKS["seek_acknowledgements"], seek)


SWEEPS: Mapping[str, Sweep] = {
    "tell_steps": tell_steps, "tell_matches": tell_matches, "end_leases": end_leases,
    "seek_acknowledgements": seek_acknowledgements,
}  # fmt: skip
"""By the name of the worker's task."""


async def _tell(work: Work, requests: Sequence[TTARequest]) -> None:
    await catch_up(work, requests)


async def _release(work: Work, requests: Sequence[TTARequest]) -> None:
    for request in requests:
        end_lease(work, request)


async def _sweep(database: Database, now: datetime, only: UUID | None, look: Look, do: Do) -> int:
    """Find what is due, a batch of it, and do it; answers how many requests were touched."""
    async with database.read() as session:
        worlds = await (_worlds(session, now, look) if only is None else _one(session, now, only))
        if not worlds:
            return 0
        due = (and_(in_world(look.world, world), look.before(present)) for world, present in worlds.items())
        wanted = look.requests(or_(*due))
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


async def _one(session: AsyncSession, now: datetime, world_id: UUID) -> Worlds:
    ahead = await session.scalar(select(World.offset_seconds).where(World.id == world_id))
    return {} if ahead is None else {world_id: now + timedelta(seconds=ahead)}


async def _worlds(session: AsyncSession, now: datetime, look: Look) -> Worlds:
    """The real world, and the sandboxes in which something is due."""
    farthest = await session.scalar(select(World.offset_seconds).order_by(World.offset_seconds.desc()).limit(1))
    if farthest is None:
        return {None: now}
    # In seconds, because the two databases reckon with instants differently. SQLite drops parts of a second, so a
    # sandbox may be looked at in vain for that long.
    since = cast(extract("epoch", func.min(look.at)), Float) - World.offset_seconds
    touched = (
        select(World.id, World.offset_seconds)
        .join_from(World, look.world.class_, look.world == World.id)
        .where(look.world.is_not(None), look.before(now + timedelta(seconds=farthest)))
        .group_by(World.id, World.offset_seconds)
        .having(since < now.timestamp())
        .order_by(since, World.id)
        .limit(WORLDS)
    )
    rows: Any = await session.execute(touched)
    return {None: now, **{row.id: now + timedelta(seconds=row.offset_seconds) for row in rows}}
