"""Which deliveries are tried now, and the lease that keeps other workers from them.

Asked is not "which deliveries are due?" but "which endpoints have something due, and what of theirs is first?": one
probe of an index for each endpoint, so the backlog of one that was down for days costs the others nothing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import World
from app.core.db import UTCDateTime
from app.core.work import Event
from app.webhooks.models import Delivery, DeliveryStatus, EndpointStatus, WebhookEndpoint

PLACES_EACH = 4
"""Tries of one endpoint that are under way at once; one, while it fails."""
LEASE = timedelta(seconds=60)
PENDING = Delivery.status == literal(DeliveryStatus.PENDING, literal_execute=True)
"""Spelled out in the statement, so that the index of what is pending serves it."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery to be tried now."""

    delivery: Delivery
    endpoint: WebhookEndpoint
    event: Event
    ahead: timedelta = timedelta()
    """How far the clock of its sandbox runs ahead of ours."""


def among(column: Any, ids: Iterable[UUID]) -> ColumnElement[bool]:
    """Whether a column is one of these, in a statement of one of a few lengths.

    PostgreSQL prepares each different statement anew; the last id is repeated up to the next power of two.
    """
    listed = list(ids)
    listed += listed[-1:] * ((1 << max(0, len(listed) - 1).bit_length()) - len(listed))
    found: ColumnElement[bool] = column.in_(listed)
    return found


@cache
def ready(*, sandboxes: bool) -> Select[Any]:
    """Endpoints that have something due and may be tried, who waits longest first, each with its first deliveries.

    Takes `now` and `most`. It is made once: to put it together takes longer than to ask it.
    """
    E, now = WebhookEndpoint, bindparam("now", type_=UTCDateTime())  # noqa: N806 - stands for the table
    first = select(func.min(Delivery.next_attempt_at)).where(Delivery.endpoint_id == E.id, PENDING)
    waits = (
        select(E.id, E.failures, first.scalar_subquery().label("since"))
        .where(
            E.status == EndpointStatus.ENABLED,
            E.world_id.is_not(None) if sandboxes else E.world_id.is_(None),
            or_(E.retry_at.is_(None), E.retry_at <= now),
        )
        .subquery()
    )
    due = (
        select(Delivery.id)
        .where(Delivery.endpoint_id == waits.c.id, PENDING, Delivery.next_attempt_at <= now)
        .order_by(Delivery.next_attempt_at)
        .limit(1)
    )
    firsts = [due.offset(turn).scalar_subquery().label(f"turn_{turn}") for turn in range(PLACES_EACH)]
    most = bindparam("most", type_=Integer())
    return select(waits, *firsts).where(waits.c.since <= now).order_by(waits.c.since, waits.c.id).limit(most)


def choose(rows: Sequence[Any], taken: Counter[UUID], free: int) -> tuple[list[UUID], bool]:
    """Deliveries for so many free places, in turns; and whether something due was left for want of a place. Pure."""
    chosen: list[UUID] = []
    left, taken = False, taken.copy()
    for turn in range(PLACES_EACH):
        for row in rows:
            delivery_id = row[3 + turn]
            if delivery_id is None:
                continue
            if len(chosen) < free and taken[row.id] < (PLACES_EACH if row.failures == 0 else 1):
                taken[row.id] += 1
                chosen.append(delivery_id)
                left = left or turn == PLACES_EACH - 1
            else:
                left = True
    return chosen, left


async def lease(session: AsyncSession, chosen: Sequence[UUID], now: datetime) -> list[Claimed]:
    """Take deliveries for a minute; who is locked or was moved since we looked is passed over."""
    still = (
        select(Delivery.id)
        .where(among(Delivery.id, chosen), PENDING, Delivery.next_attempt_at <= now)
        .with_for_update(skip_locked=True, key_share=True)
    )
    taken = (
        update(Delivery)
        .where(Delivery.id.in_(still))
        .values(attempts=Delivery.attempts + 1, next_attempt_at=now + LEASE)
        .returning(Delivery.id)
    )
    ids = list(await session.scalars(taken, execution_options={"synchronize_session": False}))
    if not ids:
        return []
    whole = (
        select(Delivery, WebhookEndpoint, Event)
        .join(WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id)
        .join(Event, Event.id == Delivery.event_id)
        .where(among(Delivery.id, ids))
    )
    rows = (await session.execute(whole)).all()
    ahead = await _ahead(session, [row.WebhookEndpoint for row in rows])
    session.expunge_all()
    return [
        Claimed(row.Delivery, row.WebhookEndpoint, row.Event, ahead.get(row.WebhookEndpoint.world_id, timedelta()))
        for row in rows
    ]


async def _ahead(session: AsyncSession, endpoints: Iterable[WebhookEndpoint]) -> dict[UUID | None, timedelta]:
    """How far the clock of each endpoint's sandbox runs ahead of ours."""
    worlds = {endpoint.world_id for endpoint in endpoints if endpoint.world_id is not None}
    if not worlds:
        return {}
    rows = await session.execute(select(World.id, World.offset_seconds).where(among(World.id, worlds)))
    return {row.id: timedelta(seconds=row.offset_seconds) for row in rows}
