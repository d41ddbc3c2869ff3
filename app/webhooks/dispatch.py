"""Events into deliveries: every numbered event, in order, once, for every endpoint that asked for it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select

from app.core.db import Database
from app.core.facts import public_types
from app.core.feed import Counter
from app.core.ids import new_id
from app.core.work import Event
from app.webhooks.models import Delivery, DeliveryStatus, EndpointStatus, WebhookEndpoint
from app.webhooks.settle import lock_worlds

BATCH = 500


async def dispatch(database: Database, now: datetime) -> int:
    """Make the deliveries of the next events; answers how many events were looked at."""
    async with database.read() as session:
        newest = await session.scalar(select(func.max(Event.position))) or 0
        if newest <= (await session.get_one(Counter, "dispatch")).value:
            return 0
    async with database.write() as session:
        # The counter's row is the lock: of several workers, one dispatches.
        counter = await session.get_one(Counter, "dispatch", with_for_update=True)
        events = list(
            await session.scalars(
                select(Event).where(Event.position > counter.value).order_by(Event.position).limit(BATCH)
            )
        )
        if not events:
            return 0
        begun, counter.value = counter.value, max(event.position or 0 for event in events)
        new = (Event.position > begun, Event.position <= counter.value)
        # A sandbox that is being thrown away takes its events with it; nothing may point to them.
        there = await lock_worlds(session, {event.world_id for event in events}) | {None}
        # A test event comes with its delivery, to the one endpoint it is for.
        addressed = set(
            await session.scalars(select(Delivery.event_id).join(Event, Event.id == Delivery.event_id).where(*new))
        )
        told = {fact.name for fact in public_types()}
        concerned = [
            event
            for event in events
            if event.owner_id and event.type in told and event.id not in addressed and event.world_id in there
        ]
        wanted = select(WebhookEndpoint).where(
            WebhookEndpoint.owner_id.in_(select(Event.owner_id).where(*new, Event.owner_id.is_not(None))),
            WebhookEndpoint.status != EndpointStatus.DISABLED,
        )
        endpoints = by_owner(await session.scalars(wanted)) if concerned else {}
        rows = [
            delivery_row(event, endpoint, now)
            for event in concerned
            for endpoint in endpoints.get(event.owner_id, ())
            if takes(endpoint, event)
        ]
        if rows:
            await session.execute(insert(Delivery), rows)
    return len(events)


def by_owner(endpoints: Iterable[WebhookEndpoint]) -> dict[UUID | None, list[WebhookEndpoint]]:
    """Endpoints by whose they are."""
    found: dict[UUID | None, list[WebhookEndpoint]] = {}
    for endpoint in endpoints:
        found.setdefault(endpoint.owner_id, []).append(endpoint)
    return found


def takes(endpoint: WebhookEndpoint, event: Event) -> bool:
    """Whether an endpoint asked for an event: same owner, same world, a type it wants, not older than itself."""
    return (
        endpoint.owner_id == event.owner_id
        and endpoint.world_id == event.world_id
        and (not endpoint.event_types or event.type in endpoint.event_types)
    )


def delivery_row(event: Event, endpoint: WebhookEndpoint, now: datetime) -> dict[str, Any]:
    """A delivery that is due at once, by our own clock; it was made by that of its world, as the event was."""
    return {
        "id": new_id(), "event_id": event.id, "endpoint_id": endpoint.id, "owner_id": endpoint.owner_id,
        "status": DeliveryStatus.PENDING, "created_at": max(event.at, now), "attempts": 0, "next_attempt_at": now,
        "settled_at": None,
    }  # fmt: skip
