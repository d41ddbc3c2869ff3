"""Sending: claim in one short transaction, send outside any, settle in another.

Failure cases first. A worker that dies after claiming: the lease runs out and another sends, with the same
`webhook-id`. One that dies after sending and before settling: sent twice, with the same id. A receiver that hangs
holds one of its own few places, never another's. A receiver that fails is left alone until its `retry_at`, so its
backlog costs one probe at a time. What finishes together is settled in one transaction.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import World
from app.core.clock import Clock, monotonic
from app.core.db import Database
from app.core.ids import new_id
from app.core.notices import Recipient, notify
from app.core.outbound import Outbound, PrivateAddress, Reply
from app.core.seal import Seal
from app.core.work import Event, Work
from app.webhooks import retry
from app.webhooks.body import body_of
from app.webhooks.models import Attempt, Delivery, DeliveryStatus, EndpointStatus, WebhookEndpoint
from app.webhooks.secret import signing_secrets
from app.webhooks.signing import sign

PLACES, PLACES_EACH = 256, 4
LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery to be tried now."""

    delivery: Delivery
    endpoint: WebhookEndpoint
    event: Event
    ahead: timedelta = timedelta()
    """How far the clock of its sandbox runs ahead of ours."""


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


class Sender:
    """Tries what is due; a task of the worker."""

    def __init__(self, outbound: Outbound, seal: Seal, clock: Clock, keep: Keep | None = None) -> None:
        """With `keep` it works for sandboxes, and for them alone: so no slow receiver delays them.

        `clock` gives the real time: signatures carry it, whatever a sandbox's clock says, because verifiers compare it
        with theirs.
        """
        self._outbound, self._seal, self._clock, self._keep = outbound, seal, clock, keep
        self._under_way: dict[asyncio.Task[None], UUID] = {}
        self._results: list[Result] = []
        self._settling = asyncio.Lock()
        self.wake: Callable[[], None] = lambda: None

    async def __call__(self, database: Database, now: datetime) -> int:
        """Start what is due and has a place; answers how much was started."""
        free = PLACES - len(self._under_way)
        if free <= 0:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
            return 1
        claimed = await self._claim(database, now, free)
        for one in claimed:
            task = asyncio.create_task(self._deliver(database, one))
            self._under_way[task] = one.endpoint.id
            task.add_done_callback(self._done)
        return len(claimed)

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self.wake()

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.wait(list(self._under_way))

    async def _claim(self, database: Database, now: datetime, free: int) -> list[Claimed]:
        async with database.read() as session:
            chosen = await self._candidates(session, now, free)
        if not chosen:
            return []
        async with database.write() as session:
            # Between looking and locking another worker may have been here: who is locked or moved is passed over.
            locked = list(
                await session.scalars(
                    select(Delivery)
                    .where(
                        Delivery.id.in_(chosen),
                        Delivery.status == DeliveryStatus.PENDING,
                        Delivery.next_attempt_at <= now,
                    )
                    .with_for_update(skip_locked=True)
                )
            )
            if not locked:
                return []
            ids = [delivery.id for delivery in locked]
            leased = update(Delivery).where(Delivery.id.in_(ids))
            await session.execute(
                leased.values(attempts=Delivery.attempts + 1, next_attempt_at=now + LEASE),
                execution_options={"synchronize_session": False},
            )
            endpoints = {
                endpoint.id: endpoint
                for endpoint in await session.scalars(
                    select(WebhookEndpoint).where(WebhookEndpoint.id.in_({d.endpoint_id for d in locked}))
                )
            }
            events = {
                event.id: event
                for event in await session.scalars(select(Event).where(Event.id.in_({d.event_id for d in locked})))
            }
            ahead = await _ahead(session, endpoints.values())
            session.expunge_all()
        return [
            Claimed(d, endpoints[d.endpoint_id], events[d.event_id], ahead.get(d.endpoint_id, timedelta()))
            for d in locked
        ]

    async def _candidates(self, session: AsyncSession, now: datetime, free: int) -> list[UUID]:
        """Due deliveries of endpoints that may be tried, a few of each."""
        turn = func.row_number().over(
            partition_by=Delivery.endpoint_id, order_by=(Delivery.next_attempt_at, Delivery.id)
        )
        due = (
            select(Delivery.id, Delivery.endpoint_id, WebhookEndpoint.failures, turn.label("turn"))
            .join(WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id)
            .where(
                Delivery.status == DeliveryStatus.PENDING,
                Delivery.next_attempt_at <= now,
                WebhookEndpoint.status == EndpointStatus.ENABLED,
                WebhookEndpoint.world_id.is_not(None) if self._keep else WebhookEndpoint.world_id.is_(None),
                or_(WebhookEndpoint.retry_at.is_(None), WebhookEndpoint.retry_at <= now),
            )
            .subquery()
        )
        rows = await session.execute(select(due).where(due.c.turn <= PLACES_EACH).order_by(due.c.turn).limit(free))
        places = Counter(self._under_way.values())
        chosen = []
        for row in rows:
            if places[row.endpoint_id] < (PLACES_EACH if row.failures == 0 else 1):
                places[row.endpoint_id] += 1
                chosen.append(row.id)
        return chosen

    async def _deliver(self, database: Database, claimed: Claimed) -> None:
        began, at = monotonic(), self._clock()
        body = body_of(claimed.event)
        there = at + claimed.ahead
        secrets = signing_secrets(self._seal, claimed.endpoint, there)
        timestamp = int(at.timestamp())
        headers = {
            "content-type": "application/json",
            "user-agent": "pmhc-toolkit-webhooks/1",
            "webhook-id": str(claimed.event.id),
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(secrets, str(claimed.event.id), timestamp, body),
        }
        reply: Reply | None
        if claimed.endpoint.world_id is not None:
            reply, outcome = Reply(200, "kept in the sandbox's inbox", None), "delivered"
        else:
            reply, outcome = await self._post(claimed.endpoint.url, body, headers)
        result = Result(claimed, there, round((monotonic() - began) * 1000), outcome, reply, headers, body)
        self._results.append(result)
        async with self._settling:
            together, self._results = self._results, []
            if together:
                await self._settle(database, together)

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[Reply | None, str]:
        try:
            reply = await self._outbound.post(url, body, headers)
        except PrivateAddress:
            return None, "private-address"
        except TimeoutError:
            return None, "timeout"
        except OSError:
            return None, "connection-failed"
        if 200 <= reply.status < 300:
            return reply, "delivered"
        return reply, "redirect" if 300 <= reply.status < 400 else f"http-{reply.status}"

    async def _settle(self, database: Database, results: Sequence[Result]) -> None:
        async with database.write() as session:
            kept = {d.id: d for d in await session.scalars(
                select(Delivery).where(Delivery.id.in_([r.claimed.delivery.id for r in results])))}  # fmt: skip
            # A sandbox may have been thrown away meanwhile, with its deliveries.
            results = [result for result in results if result.claimed.delivery.id in kept]
            if not results:
                return
            await session.execute(insert(Attempt), [_attempt_row(result) for result in results])
            endpoints = {e.id: e for e in await session.scalars(
                select(WebhookEndpoint)
                .where(WebhookEndpoint.id.in_({r.claimed.endpoint.id for r in results}))
                .order_by(WebhookEndpoint.id)
                .with_for_update())}  # fmt: skip
            for result in results:
                _apply(session, result, kept[result.claimed.delivery.id], endpoints[result.claimed.endpoint.id])
                if result.claimed.endpoint.world_id is not None and self._keep:
                    self._keep(session, result)


async def _ahead(session: AsyncSession, endpoints: Iterable[WebhookEndpoint]) -> dict[UUID, timedelta]:
    """How far the clock of each endpoint's sandbox runs ahead of ours."""
    worlds = {endpoint.id: endpoint.world_id for endpoint in endpoints if endpoint.world_id is not None}
    if not worlds:
        return {}
    rows = await session.execute(select(World.id, World.offset_seconds).where(World.id.in_(set(worlds.values()))))
    offsets = {row.id: timedelta(seconds=row.offset_seconds) for row in rows}
    return {endpoint_id: offsets.get(world_id, timedelta()) for endpoint_id, world_id in worlds.items()}


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
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or result.at
    endpoint.retry_at = retry.next_attempt(result.at, min(endpoint.failures, retry.ATTEMPTS - 1), retry_after, chance)
    gone = result.outcome == "http-410"
    if gone or following is None:
        delivery.status, delivery.settled_at = DeliveryStatus.FAILED, result.at
    else:
        delivery.next_attempt_at = following
    if endpoint.status is EndpointStatus.ENABLED and (gone or result.at - endpoint.failing_since > retry.DISABLE_AFTER):
        disable(session, endpoint, "gone" if gone else "failing", result.at)


def disable(session: AsyncSession, endpoint: WebhookEndpoint, reason: str, now: datetime) -> None:
    """Stop sending to an endpoint, and tell its partner."""
    endpoint.status, endpoint.disabled_reason = EndpointStatus.DISABLED, reason
    work = Work(session=session, actor="system", now=now, world_id=endpoint.world_id)
    work.record("webhook.disabled", "webhook_endpoint", endpoint.id, owner_id=endpoint.owner_id, reason=reason)
    notify(work, "webhook.disabled", "webhook_endpoint", endpoint.id, Recipient.PARTNER, reason=reason)
