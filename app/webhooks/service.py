"""What a partner does with its endpoints and deliveries. Each function changes rows and records why."""

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import Field
from sqlalchemy import func, select
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
from app.webhooks.dispatch import delivery_row
from app.webhooks.models import Delivery, DeliveryStatus, EndpointStatus, WebhookEndpoint
from app.webhooks.queries import my_deliveries, my_endpoints, repeatable
from app.webhooks.schemas import ENDPOINTS_MAX, REDELIVER_MAX, EndpointChange, EndpointIn, RedeliverIn
from app.webhooks.secret import seal_secret
from app.webhooks.settle import catch_up
from app.webhooks.signing import new_secret


class PingData(Data):
    """A test."""

    endpoint_id: UUID


class DisabledData(Data):
    """Why an endpoint was disabled."""

    reason: str = Field(description="`gone` (it answered 410) or `failing` (five days without one success).")


define("webhook.ping", "You asked for a test event.", PingData)
define("webhook.disabled", "We stopped sending to one of your endpoints.", DisabledData)
define("webhook.created", "An endpoint was registered.", PingData, public=False)
define("webhook.changed", "An endpoint was changed.", PingData, public=False)
define("webhook.rotated", "An endpoint's secret was replaced.", PingData, public=False)


class TooManyEndpoints(Conflict):
    """You have as many webhook endpoints as one partner may have, disabled ones included. Change the address of one
    you no longer use."""

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
    count = await session.scalar(select(func.count()).select_from(my_endpoints(caller).subquery())) or 0
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
    for name in asked.model_fields_set:
        value = getattr(asked, name)
        if value is not None or name == "description":
            setattr(endpoint, name, value)
    if asked.status is EndpointStatus.DISABLED:
        endpoint.disabled_reason = "asked"
    if asked.status is EndpointStatus.ENABLED:
        endpoint.disabled_reason = endpoint.failing_since = endpoint.retry_at = None
        endpoint.failures = 0
        await catch_up(work.session, endpoint.id, _our_time(work, caller))
    _record(work, "webhook.changed", endpoint)
    return endpoint


async def rotate(
    work: Work, caller: Principal, endpoint_id: UUID, hours: int, seal: Seal
) -> tuple[WebhookEndpoint, str]:
    """Replace the secret; the old one signs beside the new for the overlap."""
    endpoint = await get_endpoint(work.session, caller, endpoint_id, lock=True)
    secret = new_secret()
    endpoint.sealed_previous_secret = endpoint.sealed_secret if hours else None
    endpoint.previous_until = work.now + timedelta(hours=hours) if hours else None
    endpoint.sealed_secret = seal_secret(seal, endpoint.id, secret)
    _record(work, "webhook.rotated", endpoint)
    return endpoint, secret


async def ping(work: Work, caller: Principal, endpoint_id: UUID) -> Delivery:
    """Send a test event to one endpoint, whatever types it takes."""
    endpoint = await get_endpoint(work.session, caller, endpoint_id)
    if endpoint.status is not EndpointStatus.ENABLED:
        raise Conflict(f"The endpoint is {endpoint.status}; enable it first.")
    event = _record(work, "webhook.ping", endpoint)
    await work.session.flush()
    delivery = Delivery(**delivery_row(event, endpoint, _our_time(work, caller)))
    work.session.add(delivery)
    return delivery


async def redeliver(work: Work, caller: Principal, delivery_id: UUID) -> tuple[Delivery, Event]:
    """Repeat one delivery, with the same `webhook-id`."""
    row = (await work.session.execute(my_deliveries(caller).where(Delivery.id == delivery_id))).first()
    if row is None:
        raise NotFound("You have no delivery of that id; `GET /v1/deliveries` lists yours.")
    _again(row.Delivery, _our_time(work, caller))
    delivery: Delivery = row.Delivery
    event: Event = row.Event
    return delivery, event


async def redeliver_range(work: Work, caller: Principal, asked: RedeliverIn) -> tuple[int, bool, int | None]:
    """Repeat what failed, or everything, in a range of events; makes deliveries that never were."""
    session = work.session
    endpoint = await get_endpoint(session, caller, asked.endpoint_id, lock=True)
    dispatched = (await session.get_one(Counter, "dispatch")).value
    until = min(asked.until, dispatched) if asked.until is not None else dispatched
    wanted = repeatable(endpoint, asked.after, until, failed_only=asked.failed_only)
    rows = (await session.execute(wanted.limit(REDELIVER_MAX + 1))).all()
    more, rows = len(rows) > REDELIVER_MAX, rows[:REDELIVER_MAX]
    due = _our_time(work, caller)
    for row in rows:
        delivery: Delivery | None = row.Delivery  # an outer join may find none, which the types do not know
        if delivery is None:
            session.add(Delivery(**delivery_row(row.Event, endpoint, due)))
        else:
            _again(delivery, due)
    return len(rows), more, rows[-1].Event.position if rows else None


def _again(delivery: Delivery, due: datetime) -> None:
    delivery.status, delivery.settled_at = DeliveryStatus.PENDING, None
    delivery.attempts, delivery.next_attempt_at = 0, due


def _our_time(work: Work, caller: Principal) -> datetime:
    """The worker sends by our own clock, also what a sandbox with a moved one asks for."""
    return work.now - caller.offset


def _record(work: Work, type_: str, endpoint: WebhookEndpoint) -> Event:
    return work.record(type_, "webhook_endpoint", endpoint.id, owner_id=endpoint.owner_id, endpoint_id=str(endpoint.id))
