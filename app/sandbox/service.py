"""A sandbox's life: made, moved through time, thrown away.

A sandbox is a `world`. Its rows carry its id everywhere, the same code serves them, and every query is bound to the
caller's world; so nothing of it is seen outside and nothing outside is seen in it.

Time moves in small steps, and after each step everything that has fallen due is done by the worker's own tasks. So
what happens is what would have happened: in order, each thing about when it was due, not all at the end.

Throwing away follows the foreign keys: every table that carries `world_id`, and every table that points to such a
row. A new table is covered by having the column; a test counts what is left.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, MetaData, Table, delete, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import keys
from app.access.models import ApiKey, Owner, Role, World
from app.access.scopes import GRANTABLE
from app.core.db import Database
from app.core.ids import new_id
from app.core.work import Event, Work
from app.sandbox.schemas import LIFETIME, SHOWN

STEP, STEPS_MOST = timedelta(minutes=15), 200


async def create(work: Work) -> tuple[World, str]:
    """Make a world with a partner in it; answers it and the partner's key, shown once."""
    world = World(id=new_id(), created_at=work.now, expires_at=work.now + LIFETIME, offset_seconds=0)
    work.session.add(world)
    await work.session.flush()
    owner = Owner(
        id=new_id(), kind=Role.PARTNER, name="Sandbox partner", contact_email=None, created_at=work.now,
        world_id=world.id,
    )  # fmt: skip
    work.session.add(owner)
    await work.session.flush()
    text = keys.make()
    parsed = keys.parse(text)
    work.session.add(
        ApiKey(
            id=new_id(), owner_id=owner.id, prefix=parsed.prefix, digest=parsed.digest, label="sandbox",
            scopes=sorted(GRANTABLE[Role.PARTNER]), created_at=work.now, expires_at=world.expires_at,
            revoked_at=None, last_used_at=None, replaced_by_id=None, world_id=world.id,
        )
    )  # fmt: skip
    return world, text


async def advance(
    database: Database, world_id: UUID, by: timedelta, drain: Callable[[], Awaitable[object]]
) -> tuple[list[Event], int]:
    """Move a world's clock and do everything that falls due on the way; answers what happened, and how much."""
    async with database.read() as session:
        before = await session.scalar(select(func.count()).select_from(Event).where(Event.world_id == world_id)) or 0
    step = max(STEP, by / STEPS_MOST)
    moved = timedelta(0)
    while moved < by:
        stride = min(step, by - moved)
        moved += stride
        async with database.write() as session:
            world = await session.get_one(World, world_id, with_for_update=True)
            world.offset_seconds += round(stride.total_seconds())
        await drain()
    async with database.read() as session:
        mine = select(Event).where(Event.world_id == world_id).order_by(Event.position)
        after = await session.scalar(select(func.count()).select_from(mine.order_by(None).subquery())) or 0
        news = list(await session.scalars(mine.offset(max(before, after - SHOWN))))
    return news, after - before


async def throw_away(session: AsyncSession, metadata: MetaData, world_id: UUID) -> int:
    """Delete a world and everything in it; answers how many rows."""
    total = 0
    for table in reversed(metadata.sorted_tables):
        condition = _belongs(table, world_id, frozenset())
        if condition is not None:
            done = await session.execute(delete(table).where(condition))
            total += done.rowcount  # type: ignore[attr-defined]
    done = await session.execute(delete(World).where(World.id == world_id))
    return total + int(done.rowcount)  # type: ignore[attr-defined]


def _belongs(table: Table, world_id: UUID, seen: frozenset[str]) -> ColumnElement[bool] | None:
    """The rows of a table that are in a world: by its own column, or through what it points to."""
    if "world_id" in table.c:
        return table.c.world_id == world_id
    found: list[ColumnElement[bool]] = []
    for key in table.foreign_keys:
        parent = key.column.table
        if parent.name in seen or parent is table or parent.name == World.__tablename__:
            continue
        condition = _belongs(parent, world_id, seen | {table.name})
        if condition is not None:
            found.append(key.parent.in_(select(key.column).where(condition)))
    return or_(false(), *found) if found else None


def sweeper(metadata: MetaData) -> Callable[[Database, datetime], Awaitable[int]]:
    """A task that throws away worlds whose time is over."""

    async def sweep(database: Database, now: datetime) -> int:
        over = select(World.id).where(World.expires_at < now).order_by(World.expires_at).limit(20)
        async with database.read() as session:
            worlds = list(await session.scalars(over))
        for world_id in worlds:
            async with database.write() as session:
                await throw_away(session, metadata, world_id)
        return len(worlds)

    return sweep
