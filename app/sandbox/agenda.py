"""What a sandbox still has before it: when something falls due next, and whether anything is on its way.

Both are looked up, never remembered: whatever has happened meanwhile, in this process or another, is seen.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.feed import Counter
from app.core.notices import Notice, NoticeStatus
from app.core.work import Event
from app.tta.acknowledgement import Acknowledgement
from app.tta.models import TTARequest
from app.webhooks.models import Delivery, DeliveryStatus, EndpointStatus, WebhookEndpoint

R = TTARequest
MATCH_RUNS = and_(*(c.is_(None) for c in (
    R.match_met_at, R.match_breached_at, R.match_cancelled_at, R.match_paused_at)))  # fmt: skip


def _first(column: Any, world_id: UUID, condition: ColumnElement[bool]) -> Select[Any]:
    return select(func.min(column)).where(R.world_id == world_id, condition)


async def next_due(session: AsyncSession, world_id: UUID) -> datetime | None:
    """The earliest instant, by the sandbox's clock, at which something falls due; None when nothing will."""
    found = [
        await session.scalar(_first(column, world_id, condition))
        for column, condition in (
            (R.next_step_at, R.next_step_at.is_not(None)),
            (R.match_due_at, MATCH_RUNS),
            (R.leased_until, R.leased_until.is_not(None)),
        )
    ]
    silent = select(func.min(Acknowledgement.next_look_at)).where(
        Acknowledgement.world_id == world_id, Acknowledgement.next_look_at.is_not(None)
    )
    found.append(await session.scalar(silent))
    return min((instant for instant in found if instant is not None), default=None)


async def is_busy(session: AsyncSession, world_id: UUID) -> bool:
    """Whether anything is on its way: an event to be numbered or dispatched, a webhook or a letter to be kept."""
    dispatched = select(Counter.value).where(Counter.name == "dispatch").scalar_subquery()
    waiting = (
        exists().where(Event.world_id == world_id, or_(Event.position.is_(None), Event.position > dispatched)),
        exists().where(
            WebhookEndpoint.world_id == world_id, WebhookEndpoint.status == EndpointStatus.ENABLED,
            Delivery.endpoint_id == WebhookEndpoint.id, Delivery.status == DeliveryStatus.PENDING,
        ),
        exists().where(Notice.world_id == world_id, Notice.status == NoticeStatus.QUEUED),
    )  # fmt: skip
    return bool(await session.scalar(select(or_(*waiting))))
