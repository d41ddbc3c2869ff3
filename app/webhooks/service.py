"""What a partner does with its endpoints and deliveries. Each function changes rows and records why."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import Field
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Owner
from app.access.principal import Principal
from app.core.errors import Conflict, Invalid, NotFound, sandbox_gone
from app.core.facts import Data, define, public_types
from app.core.feed import Counter
from app.core.ids import new_id
from app.core.outbound import fault_of
from app.core.sandboxes import ENDPOINTS_MOST, SandboxFull
from app.core.seal import Seal
from app.core.work import Event, Work
from app.webhooks.claim import PENDING
from app.webhooks.dispatch import delivery_row
from app.webhooks.models import DELETED, Delivery, DeliveryStatus, EndpointStatus, WebhookEndpoint
from app.webhooks.queries import PING, my_deliveries, my_endpoints, repeatable, with_deleted
from app.webhooks.schemas import ENDPOINTS_MAX, REDELIVER_MAX, EndpointChange, EndpointIn, RedeliverIn
from app.webhooks.secret import replace_secret, seal_secret
from app.webhooks.settle import catch_up
from app.webhooks.signing import new_secret


class PingData(Data):
    """A test."""

    endpoint_id: UUID


class ChangedData(Data):
    """What was changed from what to what. Of an address the host alone: its path may hold a secret."""

    endpoint_id: UUID
    status_before: EndpointStatus | None = None
    status: EndpointStatus | None = None
    event_types_before: list[str] | None = None
    event_types: list[str] | None = None
    url_host_before: str | None = None
    url_host: str | None = None


class DisabledData(Data):
    """Why an endpoint was disabled."""

    reason: str = Field(description="`gone` (it answered 410) or `failing` (five days without one success).")


define(PING, "You asked for a test event.", PingData)
define("webhook.disabled", "We stopped sending to one of your endpoints.", DisabledData)
define("webhook.created", "An endpoint was registered.", PingData, public=False)
define("webhook.changed", "An endpoint was changed.", ChangedData, public=False)
define("webhook.deleted", "An endpoint was deleted.", PingData, public=False)
define("webhook.rotated", "An endpoint's secret was replaced.", PingData, public=False)


class TooManyEndpoints(Conflict):
    """You have as many webhook endpoints as one partner may have, disabled ones included. Delete one that you no longer
    use."""

    title = "Too many endpoints"


async def get_endpoint(
    session: AsyncSession, caller: Principal, endpoint_id: UUID, *, lock: bool = False
) -> WebhookEndpoint:
    """One of the caller's endpoints, or 404."""
    wanted = my_endpoints(caller).where(WebhookEndpoint.id == endpoint_id)
    found: WebhookEndpoint | None = await session.scalar(wanted.with_for_update(key_share=True) if lock else wanted)
    if found is None:
        raise NotFound("You have no webhook endpoint of that id; `GET /v1/webhook-endpoints` lists yours.")
    return found


def check_url(url: str, *, loopback: bool) -> list[dict[str, str]]:
    """What is wrong with an address, as faults."""
    fault = fault_of(url, loopback=loopback)
    return [{"pointer": "/url", "detail": f"The address {fault}."}] if fault else []


def check_types(types: list[str] | None) -> list[dict[str, str]]:
    """Types that do not exist, as faults."""
    known = {fact.name for fact in public_types()}
    return [
        {"pointer": f"/event_types/{n}", "detail": "There is no such type; `GET /v1/event-types` lists them."}
        for n, name in enumerate(types or [])
        if name not in known
    ]


async def create(
    work: Work, caller: Principal, asked: EndpointIn, seal: Seal, *, loopback: bool
) -> tuple[WebhookEndpoint, str]:
    """Register an endpoint; answers it and its secret, which is stored sealed and never shown again."""
    if faults := check_url(asked.url, loopback=loopback or caller.world_id is not None) + check_types(
        asked.event_types
    ):
        raise Invalid(faults)
    if caller.owner_id is None:
        raise NotFound("An endpoint belongs to an owner.")
    await _make_room(work.session, caller)
    secret, endpoint_id = new_secret(), new_id()
    endpoint = WebhookEndpoint(
        id=endpoint_id, owner_id=caller.owner_id, world_id=caller.world_id, url=asked.url,
        description=asked.description, event_types=asked.event_types, status=EndpointStatus.ENABLED,
        disabled_reason=None, created_at=work.now, sealed_secret=seal_secret(seal, endpoint_id, secret),
        sealed_previous_secret=None, previous_until=None, failing_since=None, retry_at=None, failures=0,
    )  # fmt: skip
    work.session.add(endpoint)
    _record(work, "webhook.created", endpoint)
    return endpoint, secret


async def _make_room(session: AsyncSession, caller: Principal) -> None:
    """Refuse one endpoint too many; of several calls at once, each is counted by the next."""
    mine = select(Owner.id).where(Owner.id == caller.owner_id).with_for_update(key_share=True)
    if await session.scalar(mine) is None:
        raise sandbox_gone()
    # What is deleted makes room, but not in a sandbox, where everything is bounded.
    counted = my_endpoints(caller) if caller.world_id is None else with_deleted(caller)
    count = await session.scalar(select(func.count()).select_from(counted.subquery())) or 0
    if caller.world_id is not None and count >= ENDPOINTS_MOST:
        raise SandboxFull(f"The sandbox has {count} endpoints, which is all that it may.", limit=ENDPOINTS_MOST)
    if count >= ENDPOINTS_MAX:
        raise TooManyEndpoints(f"You have {count} endpoints; {ENDPOINTS_MAX} are allowed.", limit=ENDPOINTS_MAX)


async def change(
    work: Work, caller: Principal, endpoint_id: UUID, asked: EndpointChange, *, loopback: bool
) -> WebhookEndpoint:
    """Change what was given; enabling forgets past failures."""
    endpoint = await get_endpoint(work.session, caller, endpoint_id, lock=True)
    faults = check_types(asked.event_types)
    if asked.url is not None:
        faults += check_url(asked.url, loopback=loopback or caller.world_id is not None)
    if faults:
        raise Invalid(faults)
    before = _facts(endpoint)
    url_before = endpoint.url
    for name in asked.model_fields_set:
        value = getattr(asked, name)
        if value is not None or name == "description":
            setattr(endpoint, name, value)
    if asked.status is not None:
        endpoint.disabled_reason = "asked" if asked.status is EndpointStatus.DISABLED else None
    tried = endpoint.status is EndpointStatus.ENABLED
    if asked.status is not None or (tried and endpoint.url != url_before):
        # Whatever a person sets begins afresh: nothing is shown of failures that no longer count.
        endpoint.failing_since = endpoint.retry_at = None
        endpoint.failures = 0
        if tried:
            await catch_up(work.session, endpoint.id, _our_time(work, caller))
    after = _facts(endpoint)
    changed = [name for name in after if after[name] != before[name]]
    told = {f"{name}_before": before[name] for name in changed} | {name: after[name] for name in changed}
    _record(work, "webhook.changed", endpoint, **told)
    return endpoint


def _facts(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """What is told of a change."""
    return {
        "status": endpoint.status,
        "event_types": endpoint.event_types,
        "url_host": urlsplit(endpoint.url).hostname,
    }


async def delete(work: Work, caller: Principal, endpoint_id: UUID, seal: Seal) -> None:
    """Forget an endpoint; what waited for it has failed, and its deliveries can still be read."""
    endpoint = await get_endpoint(work.session, caller, endpoint_id, lock=True)
    endpoint.status, endpoint.disabled_reason = EndpointStatus.DISABLED, DELETED
    endpoint.url, endpoint.description = "https://deleted.invalid/", None
    replace_secret(endpoint, seal_secret(seal, endpoint.id, new_secret()), work.now, timedelta())
    waiting = update(Delivery).where(Delivery.endpoint_id == endpoint.id, PENDING)
    await work.session.execute(
        waiting.values(status=DeliveryStatus.FAILED, settled_at=work.now),
        execution_options={"synchronize_session": False},
    )
    _record(work, "webhook.deleted", endpoint)


async def rotate(
    work: Work, caller: Principal, endpoint_id: UUID, hours: int, seal: Seal
) -> tuple[WebhookEndpoint, str]:
    """Replace the secret; those before it sign beside the new for the overlap."""
    endpoint = await get_endpoint(work.session, caller, endpoint_id, lock=True)
    secret = new_secret()
    replace_secret(endpoint, seal_secret(seal, endpoint.id, secret), work.now, timedelta(hours=hours))
    _record(work, "webhook.rotated", endpoint)
    return endpoint, secret


async def ping(work: Work, caller: Principal, endpoint_id: UUID) -> Delivery:
    """Send a test event to one endpoint, whatever types it takes."""
    endpoint = await get_endpoint(work.session, caller, endpoint_id, lock=True)
    if endpoint.status is not EndpointStatus.ENABLED:
        raise Conflict(f"The endpoint is {endpoint.status}; enable it first.")
    event = _record(work, PING, endpoint)
    await work.session.flush()
    delivery = Delivery(**delivery_row(event, endpoint, _our_time(work, caller)))
    delivery.next_attempt_at = await _at_once(work, caller, endpoint)
    work.session.add(delivery)
    return delivery


async def redeliver(work: Work, caller: Principal, delivery_id: UUID) -> Any:
    """Repeat one delivery, with the same `webhook-id`; answers it with its event and its endpoint."""
    row = (await work.session.execute(my_deliveries(caller).where(Delivery.id == delivery_id))).first()
    if row is None:
        raise NotFound("You have no delivery of that id; `GET /v1/deliveries` lists yours.")
    endpoint = await get_endpoint(work.session, caller, row.Delivery.endpoint_id, lock=True)
    _refuse_disabled(endpoint)
    await work.session.refresh(row.Delivery)  # now that whoever settles it would have to wait
    _again(row.Delivery, await _at_once(work, caller, endpoint))
    return row


async def redeliver_range(work: Work, caller: Principal, asked: RedeliverIn) -> tuple[int, bool, int | None]:
    """Repeat what failed, or everything, in a range of events; makes deliveries that never were."""
    session = work.session
    endpoint = await get_endpoint(session, caller, asked.endpoint_id, lock=True)
    _refuse_disabled(endpoint)
    dispatched = (await session.get_one(Counter, "dispatch")).value
    until = min(asked.until, dispatched) if asked.until is not None else dispatched
    wanted = repeatable(endpoint, asked.after, until, failed_only=asked.failed_only)
    rows = (await session.execute(wanted.limit(REDELIVER_MAX + 1))).all()
    more, rows = len(rows) > REDELIVER_MAX, rows[:REDELIVER_MAX]
    endpoint.retry_at = None
    due = _our_time(work, caller)
    for row in rows:
        delivery: Delivery | None = row.Delivery  # an outer join may find none, which the types do not know
        if delivery is None:
            session.add(Delivery(**delivery_row(row.Event, endpoint, due)))
        else:
            _again(delivery, due)
    return len(rows), more, rows[-1].Event.position if rows else None


def _refuse_disabled(endpoint: WebhookEndpoint) -> None:
    """Nothing goes out to it; what is asked of a paused one waits until it is enabled, as all does."""
    if endpoint.status is EndpointStatus.DISABLED:
        raise Conflict("The endpoint is disabled; enable it first.")


def _again(delivery: Delivery, due: datetime) -> None:
    delivery.status, delivery.settled_at = DeliveryStatus.PENDING, None
    delivery.attempts, delivery.next_attempt_at = 0, due


async def _at_once(work: Work, caller: Principal, endpoint: WebhookEndpoint) -> datetime:
    """When that is due for whose answer a person waits: now, though the endpoint fails, and before its backlog."""
    endpoint.retry_at = None
    waiting = select(func.min(Delivery.next_attempt_at)).where(Delivery.endpoint_id == endpoint.id, PENDING)
    first, now = await work.session.scalar(waiting), _our_time(work, caller)
    return min(now, first - timedelta(microseconds=1)) if first else now


def _our_time(work: Work, caller: Principal) -> datetime:
    """The worker sends by our own clock, also what a sandbox with a moved one asks for."""
    return work.now - caller.offset


def _record(work: Work, type_: str, endpoint: WebhookEndpoint, **told: Any) -> Event:
    return work.record(
        type_, "webhook_endpoint", endpoint.id, owner_id=endpoint.owner_id, endpoint_id=str(endpoint.id), **told
    )
