"""A sandbox's life: made, and thrown away; between the two its clock is moved (`moving`).

A sandbox is a `world`. Its rows carry its id everywhere, the same code serves them, and every query is bound to the
caller's world; so nothing of it is seen outside and nothing outside is seen in it.

Throwing away follows the foreign keys: every table that carries `world_id`, and every table that points to such a
row. A new table is covered by having the column; a test counts what is left.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, MetaData, Table, delete, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import keys
from app.access.models import ApiKey, Owner, Role, World
from app.access.scopes import GRANTABLE
from app.contact.files import SANDBOXES, Files
from app.core.db import Database
from app.core.ids import new_id
from app.core.work import Work
from app.sandbox.schemas import LIFETIME

LOOK_FOR_FILES = timedelta(minutes=5)
"""Between two looks for files of worlds that are gone: each may be a request to a storage that counts them."""
PARTNER, DESK = "Sandbox partner", "Sandbox desk"


async def create(work: Work) -> tuple[World, str]:
    """Make a world with a partner and a tame desk in it; answers it and the partner's key, shown once."""
    world = World(id=new_id(), created_at=work.now, expires_at=work.now + LIFETIME, offset_seconds=0)
    work.session.add(world)
    await work.session.flush()
    partner, desk = (
        Owner(id=new_id(), kind=kind, name=name, contact_email=None, created_at=work.now, world_id=world.id)
        for kind, name in ((Role.PARTNER, PARTNER), (Role.STAFF, DESK))
    )
    work.session.add_all((partner, desk))
    await work.session.flush()
    text = keys.make()
    parsed = keys.parse(text)
    work.session.add(
        ApiKey(
            id=new_id(), owner_id=partner.id, prefix=parsed.prefix, digest=parsed.digest, label="sandbox",
            scopes=sorted(GRANTABLE[Role.PARTNER]), created_at=work.now, expires_at=world.expires_at,
            revoked_at=None, last_used_at=None, replaced_by_id=None, world_id=world.id,
        )
    )  # fmt: skip
    return world, text


async def throw_away(session: AsyncSession, metadata: MetaData, world_id: UUID) -> int:
    """Delete a world and everything in it; answers how many rows."""
    # Whoever is changing something of the world is waited for, and what they add is seen: each row is locked, what
    # others point to first, before any is deleted. Whoever comes later finds nothing, or waits and then finds nothing.
    await session.execute(select(World.id).where(World.id == world_id).with_for_update())
    inside = [(table, _belongs(table, world_id, frozenset())) for table in metadata.sorted_tables]
    for table, condition in inside:
        if condition is not None:
            key = [*table.primary_key.columns]
            await session.execute(select(*key).where(condition).order_by(*key).with_for_update(of=table))
    total = 0
    for table, condition in reversed(inside):
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


def sweeper(metadata: MetaData, files: Files) -> Callable[[Database, datetime], Awaitable[int]]:
    """A task that throws away worlds whose time is over; and, now and then, the files of worlds that are gone."""
    looked = datetime.min.replace(tzinfo=UTC)

    async def sweep(database: Database, now: datetime) -> int:
        nonlocal looked
        over = select(World.id).where(World.expires_at < now).order_by(World.expires_at).limit(20)
        async with database.read() as session:
            worlds = list(await session.scalars(over))
        for world_id in worlds:
            async with database.write() as session:
                await throw_away(session, metadata, world_id)
        if now - looked < LOOK_FOR_FILES:
            return len(worlds)
        looked = now
        return len(worlds) + await clear_files(database, files)

    return sweep


async def clear_files(database: Database, files: Files) -> int:
    """Remove the files of worlds that are gone; answers of how many worlds."""
    # Files first, worlds second: whose files are seen was made before, so who is not there now has ended.
    names = await files.names(SANDBOXES)
    if not names:
        return 0
    async with database.read() as session:
        there = {str(world_id) for world_id in await session.scalars(select(World.id))}
    ended = [name for name in names if name not in there]
    for name in ended:
        await files.remove(f"{SANDBOXES}/{name}")
    return len(ended)
