"""What a sandbox has before it: when something falls due next, and what is on its way.

It is looked up, never remembered: whatever has happened meanwhile, in this process or another, is seen. One statement
tells all of it, because a clock that moves asks at every stop.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import World
from app.core.feed import Counter
from app.core.notices import Notice, NoticeStatus
from app.core.work import Event
from app.tta.due import LOOKS, Look
from app.webhooks.models import Delivery, DeliveryStatus, EndpointStatus, WebhookEndpoint

BY_TIME = tuple(LOOKS)
"""The worker's tasks that time alone gives something to do."""
STIRRED = ("keep_sandbox_letters", "number_events", "dispatch", "keep_sandbox_webhooks")
"""Those that others give something to do, in the order in which one leads to the next."""
INDOORS = (*BY_TIME, *STIRRED)
"""The tasks that make things happen in a sandbox; they ask nobody outside, so nobody outside delays them."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """What one sandbox has before it."""

    offset: timedelta
    falls_due: Mapping[str, datetime]
    """Task → the earliest instant, by the sandbox's clock, at which it has something to do."""
    under_way: frozenset[str]
    """Tasks that have something to do whatever the time is."""

    @property
    def next_due(self) -> datetime | None:
        """When something falls due first; None when nothing will."""
        return min(self.falls_due.values(), default=None)

    def todo(self, now: datetime) -> frozenset[str]:
        """The tasks that have something to do now."""
        return self.under_way | {name for name, due in self.falls_due.items() if due < now}


async def agenda(session: AsyncSession, world_id: UUID) -> Agenda | None:
    """Look; None where the sandbox is gone."""
    row = (await session.execute(_everything(), {"world": world_id})).mappings().first()
    if row is None:
        return None
    return Agenda(
        offset=timedelta(seconds=row["offset_seconds"]),
        falls_due={name: row[name] for name in BY_TIME if row[name] is not None},
        under_way=frozenset(name for name in STIRRED if row[name]),
    )


@cache
def _everything() -> Select[Any]:
    """The statement. It is made once: to put it together takes longer than to ask it."""
    world = bindparam("world", type_=Uuid())

    def first(look: Look) -> Any:
        return select(func.min(look.at)).where(look.world == world, look.counts).scalar_subquery()

    dispatched = select(Counter.value).where(Counter.name == "dispatch").scalar_subquery()
    pending = exists().where(
        WebhookEndpoint.world_id == world, WebhookEndpoint.status == EndpointStatus.ENABLED,
        Delivery.endpoint_id == WebhookEndpoint.id, Delivery.status == DeliveryStatus.PENDING,
    )  # fmt: skip
    found = {
        **{name: first(look) for name, look in LOOKS.items()},
        "keep_sandbox_letters": exists().where(Notice.world_id == world, Notice.status == NoticeStatus.QUEUED),
        "number_events": exists().where(Event.world_id == world, Event.position.is_(None)),
        "dispatch": exists().where(Event.world_id == world, or_(Event.position.is_(None), Event.position > dispatched)),
        "keep_sandbox_webhooks": pending,
    }
    columns = [column.label(name) for name, column in found.items()]
    return select(World.offset_seconds, *columns).where(World.id == world)
