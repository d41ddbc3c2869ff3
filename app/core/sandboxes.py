"""What every feature knows of sandboxes: how much one may hold, and that it may end while a request is on its way.

Their table is access's; down here only its name is known.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Uuid, column, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict

REQUESTS_MOST, SUBMISSIONS_MOST, ENDPOINTS_MOST = 50, 50, 5
"""What a sandbox may hold: whatever is done to it, the time and the room that it takes are bounded."""
WORLD = table("world", column("id", Uuid()))


class SandboxFull(Conflict):
    """A sandbox holds 50 requests, 50 contact submissions and 5 webhook endpoints at most.
    `POST /v1/sandboxes` makes another one."""

    title = "The sandbox is full"


async def hold(session: AsyncSession, worlds: Iterable[UUID | None]) -> set[UUID]:
    """Let nobody else add to these sandboxes, or end them, until our transaction ends; answers those that are there.

    Must come first in a transaction, before anything that others might wait for.
    """
    asked = sorted(world for world in worlds if world is not None)
    if not asked:
        return set()
    there = select(WORLD.c.id).where(WORLD.c.id.in_(asked)).order_by(WORLD.c.id)
    return set(await session.scalars(there.with_for_update(key_share=True)))
