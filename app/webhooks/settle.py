"""What comes of tries: what they do to deliveries and endpoints. What finished together is settled in one transaction.

Endpoints are locked before deliveries, in order, as everybody does who locks both. The locks let rows be pointed to
meanwhile (`FOR NO KEY UPDATE`): dispatch, which adds deliveries to the same endpoints in the order of events, would
else wait for us while we wait for it.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import World
from app.core.ids import new_id
from app.core.notices import Recipient, notify
from app.core.outbound import Reply
from app.core.work import Work
from app.webhooks import retry
from app.webhooks.claim import LEASE, PENDING, Claimed, among
from app.webhooks.models import Attempt, Delivery, DeliveryStatus, EndpointStatus, WebhookEndpoint


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one try."""

    claimed: Claimed
    at: datetime
    duration_ms: int
    outcome: str
    reply: Reply | None
    headers: dict[str, str]
    body: bytes


Keep = Callable[[AsyncSession, Result], None]
"""Puts a delivery of a sandbox into its inbox instead of sending it."""


async def settle(session: AsyncSession, results: Sequence[Result], keep: Keep | None = None) -> None:
    """Note what came of tries; those whose delivery is gone, because its sandbox is, are passed over."""
    await lock_worlds(session, {r.claimed.endpoint.world_id for r in results})
    endpoints = {e.id: e for e in await session.scalars(
        select(WebhookEndpoint).where(among(WebhookEndpoint.id, {r.claimed.endpoint.id for r in results}))
        .order_by(WebhookEndpoint.id).with_for_update(key_share=True))}  # fmt: skip
    deliveries = {d.id: d for d in await session.scalars(
        select(Delivery).where(among(Delivery.id, {r.claimed.delivery.id for r in results}))
        .order_by(Delivery.id).with_for_update(key_share=True))}  # fmt: skip
    results = [result for result in results if result.claimed.delivery.id in deliveries]
    if not results:
        return
    await session.execute(insert(Attempt), [_attempt_row(result) for result in results])
    well = {result.claimed.endpoint.id: result.at for result in results if result.outcome == "delivered"}
    for endpoint_id, at in sorted(well.items()):
        if endpoints[endpoint_id].failures:
            await catch_up(session, endpoint_id, at)
    for result in results:
        _apply(session, result, deliveries[result.claimed.delivery.id], endpoints[result.claimed.endpoint.id])
        if result.claimed.endpoint.world_id is not None and keep:
            keep(session, result)


async def catch_up(session: AsyncSession, endpoint_id: UUID, now: datetime) -> None:
    """An endpoint is well again: what waits for its next try, for up to a day, need not wait longer."""
    later = (Delivery.endpoint_id == endpoint_id, PENDING, Delivery.next_attempt_at > now + 2 * LEASE)
    await session.execute(
        update(Delivery).where(*later).values(next_attempt_at=now), execution_options={"synchronize_session": False}
    )


async def lock_worlds(session: AsyncSession, worlds: set[UUID | None]) -> set[UUID]:
    """Keep sandboxes from being thrown away until our transaction ends; answers those that are still there.

    Who writes something that points to a thing of a sandbox calls this first: it would otherwise meet the end of the
    sandbox halfway, and fail for everybody whose things are written with it.
    """
    asked = worlds - {None}
    if not asked:
        return set()
    there = select(World.id).where(among(World.id, asked)).order_by(World.id)  # type: ignore[arg-type]
    return set(await session.scalars(there.with_for_update(read=True, key_share=True)))


def _attempt_row(result: Result) -> dict[str, object]:
    reply = result.reply
    return {
        "id": new_id(), "delivery_id": result.claimed.delivery.id, "at": result.at,
        "duration_ms": result.duration_ms, "status_code": reply.status if reply else None,
        "outcome": result.outcome, "excerpt": reply.excerpt[:1000] if reply else None,
    }  # fmt: skip


def _apply(session: AsyncSession, result: Result, delivery: Delivery, endpoint: WebhookEndpoint) -> None:
    """What a result does to its delivery and its endpoint."""
    if result.outcome == "delivered":
        delivery.status, delivery.settled_at = DeliveryStatus.DELIVERED, result.at
        endpoint.failures, endpoint.failing_since, endpoint.retry_at = 0, None, None
        return
    if delivery.status is not DeliveryStatus.PENDING:
        return  # another worker delivered it after our lease ran out
    chance = random.random()  # noqa: S311 - jitter, no secret
    retry_after = result.reply.retry_after if result.reply else None
    following = retry.next_attempt(result.at, delivery.attempts, retry_after, chance)
    gone = result.outcome == "http-410"
    if gone or following is None:
        delivery.status, delivery.settled_at = DeliveryStatus.FAILED, result.at
    else:
        delivery.next_attempt_at = following
    if endpoint.status is not EndpointStatus.ENABLED:
        return  # it was stopped meanwhile; enabling it begins afresh
    if _begins_a_round(result.claimed.endpoint, endpoint):
        endpoint.failing_since = endpoint.failing_since or result.at
        endpoint.failures += 1
        turn = min(endpoint.failures, retry.ATTEMPTS - 1)
        endpoint.retry_at = retry.next_attempt(result.at, turn, retry_after, chance)
    elif retry_after and endpoint.retry_at:
        endpoint.retry_at = max(endpoint.retry_at, retry.asked_for(result.at, retry_after))
    if gone and result.claimed.endpoint.url == endpoint.url:
        disable(session, endpoint, "gone", result.at)
    elif result.at - (endpoint.failing_since or result.at) > retry.DISABLE_AFTER:
        disable(session, endpoint, "failing", result.at)


def _begins_a_round(tried: WebhookEndpoint, endpoint: WebhookEndpoint) -> bool:
    """Whether nothing was noted of an endpoint, and nobody wanted it tried at once, since the try began.

    What goes out together fails together: several tries that meet one blip are one failure, and cost one wait.
    """
    return (tried.failures, tried.retry_at) == (endpoint.failures, endpoint.retry_at)


def disable(session: AsyncSession, endpoint: WebhookEndpoint, reason: str, now: datetime) -> None:
    """Stop sending to an endpoint, and tell its partner. Since when it failed goes on to be told; it is not tried."""
    endpoint.status, endpoint.disabled_reason = EndpointStatus.DISABLED, reason
    endpoint.failing_since, endpoint.retry_at = endpoint.failing_since or now, None
    work = Work(session=session, actor="system", now=now, world_id=endpoint.world_id)
    work.record("webhook.disabled", "webhook_endpoint", endpoint.id, owner_id=endpoint.owner_id, reason=reason)
    notify(work, "webhook.disabled", "webhook_endpoint", endpoint.id, Recipient.PARTNER, reason=reason)
