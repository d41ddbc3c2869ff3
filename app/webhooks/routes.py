"""Endpoints and deliveries."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import func, select

from app.access.deps import Working, allowed
from app.access.principal import Principal
from app.access.repeats import REPEATABLE, Once
from app.access.scopes import Scope
from app.core.errors import Conflict, Invalid, NotFound
from app.core.links import cursor_links, one_page
from app.core.paging import link_header
from app.core.sandboxes import SandboxFull
from app.core.web import Reading, new_router, problems
from app.webhooks import service
from app.webhooks.models import Attempt, Delivery, DeliveryStatus, EndpointStatus, WebhookEndpoint
from app.webhooks.queries import my_deliveries, my_endpoints
from app.webhooks.schemas import (
    DeliveryOut,
    DeliveryPage,
    DeliveryQuery,
    EndpointChange,
    EndpointIn,
    EndpointMade,
    EndpointOut,
    EndpointPage,
    PingOut,
    RedeliverIn,
    RedeliverOut,
    RotateIn,
)
from app.webhooks.secret import signing_secrets

router = new_router("/v1", "Webhooks and events")
Manager = Annotated[Principal, allowed(Scope.WEBHOOKS_MANAGE)]
ATTEMPTS_SHOWN = 10


@router.post(
    "/webhook-endpoints", status_code=201, operation_id="createWebhookEndpoint", response_model=EndpointMade,
    responses={201: REPEATABLE, **problems(Invalid, service.TooManyEndpoints, SandboxFull)},
)  # fmt: skip
async def create_webhook_endpoint(
    request: Request, response: Response, caller: Manager, once: Once, asked: EndpointIn
) -> dict[str, Any]:
    """Register an address for webhooks.

    The answer shows the signing secret this once; who lost it sends the same again with the same `Idempotency-Key`.
    Webhooks follow Standard Webhooks 1.0.0: verify `webhook-signature` over `webhook-id.webhook-timestamp.body` with
    any of its libraries. Answer 2xx within 15 seconds; anything else, a redirect too, is tried again for three days;
    410 disables the endpoint.
    """
    state = request.app.state
    loopback = state.settings.webhook_loopback
    if done := await once.done_before():
        endpoint = await service.get_endpoint(once.work.session, caller, done)
        secret = signing_secrets(state.seal, endpoint, once.work.now)[0]
    else:
        endpoint, secret = await service.create(once.work, caller, asked, state.seal, loopback=loopback)
        await once.note(endpoint.id)
    response.headers["Location"] = f"/v1/webhook-endpoints/{endpoint.id}"
    return {**_shown(endpoint), "secret": secret}


@router.get("/webhook-endpoints", operation_id="listWebhookEndpoints", response_model=EndpointPage)
async def list_webhook_endpoints(session: Reading, caller: Manager) -> dict[str, Any]:
    """List your endpoints."""
    found = list(await session.scalars(my_endpoints(caller)))
    items = [_shown(endpoint) for endpoint in found]
    return {"items": items, "total": len(items), "links": one_page("/v1/webhook-endpoints")}


@router.get(
    "/webhook-endpoints/{endpoint_id}", operation_id="getWebhookEndpoint", response_model=EndpointOut,
    responses=problems(NotFound),
)  # fmt: skip
async def get_webhook_endpoint(session: Reading, caller: Manager, endpoint_id: UUID) -> dict[str, Any]:
    """Get one of your endpoints."""
    return _shown(await service.get_endpoint(session, caller, endpoint_id))


@router.patch(
    "/webhook-endpoints/{endpoint_id}", operation_id="changeWebhookEndpoint", response_model=EndpointOut,
    responses=problems(Invalid, NotFound),
)  # fmt: skip
async def change_webhook_endpoint(
    request: Request, caller: Manager, work: Working, endpoint_id: UUID, asked: EndpointChange
) -> dict[str, Any]:
    """Change, pause or enable an endpoint.

    `paused` holds deliveries back until `enabled`. After we disabled it, `enabled` starts afresh; what was missed is
    in `GET /v1/events`, or comes again by `POST /v1/deliveries/redeliver`. A new address is tried at once.
    """
    loopback = request.app.state.settings.webhook_loopback
    return _shown(await service.change(work, caller, endpoint_id, asked, loopback=loopback))


@router.delete(
    "/webhook-endpoints/{endpoint_id}", status_code=204, operation_id="deleteWebhookEndpoint",
    responses=problems(NotFound),
)  # fmt: skip
async def delete_webhook_endpoint(request: Request, caller: Manager, work: Working, endpoint_id: UUID) -> None:
    """Delete an endpoint.

    Nothing is sent to it any more, and what waited for it has failed. Its address and its secret are forgotten; its
    deliveries can still be read, and not repeated. It makes room for another one, except in a sandbox.
    """
    await service.delete(work, caller, endpoint_id, request.app.state.seal)


@router.post(
    "/webhook-endpoints/{endpoint_id}/rotate", operation_id="rotateWebhookSecret", response_model=EndpointMade,
    responses=problems(NotFound),
)  # fmt: skip
async def rotate_webhook_secret(
    request: Request, caller: Manager, work: Working, endpoint_id: UUID, asked: RotateIn
) -> dict[str, Any]:
    """Replace an endpoint's secret.

    The new secret is shown this once. Until the overlap ends both secrets sign every webhook. Lost the answer? Rotate
    again: the secret that your receiver has goes on signing, and so do the newer ones, until the new overlap ends. With
    `overlap_hours: 0` the new secret alone signs at once.
    """
    endpoint, secret = await service.rotate(work, caller, endpoint_id, asked.overlap_hours, request.app.state.seal)
    return {**_shown(endpoint), "secret": secret}


@router.post(
    "/webhook-endpoints/{endpoint_id}/test", status_code=202, operation_id="testWebhookEndpoint",
    response_model=PingOut, responses=problems(NotFound, Conflict),
)  # fmt: skip
async def test_webhook_endpoint(caller: Manager, work: Working, endpoint_id: UUID) -> dict[str, Any]:
    """Send a test event to one endpoint.

    Its type is `webhook.ping`.

    It goes out at once and first, also while the endpoint fails. `GET /v1/deliveries` shows what it answered.
    """
    delivery = await service.ping(work, caller, endpoint_id)
    return {"event_id": delivery.event_id, "delivery_id": delivery.id}


@router.get("/deliveries", operation_id="listDeliveries", response_model=DeliveryPage)
async def list_deliveries(
    response: Response, session: Reading, caller: Manager, query: Annotated[DeliveryQuery, Query()]
) -> dict[str, Any]:
    """List deliveries with their attempts, newest first."""
    wanted = my_deliveries(caller, query)
    total = await session.scalar(select(func.count()).select_from(wanted.order_by(None).subquery())) or 0
    if query.before:
        wanted = wanted.where(Delivery.id < query.before)
    rows = (await session.execute(wanted.limit(query.limit + 1))).all()
    more, rows = len(rows) > query.limit, rows[: query.limit]
    tries = await _attempts(session, [row.Delivery.id for row in rows])
    links = cursor_links("/v1/deliveries", query, "before", str(rows[-1].Delivery.id) if more else None)
    response.headers.update(link_header(links))
    items = [_delivery(row, tries.get(row.Delivery.id, [])) for row in rows]
    return {"items": items, "total": total, "links": links}


@router.post(
    "/deliveries/redeliver", status_code=202, operation_id="repeatDeliveries", response_model=RedeliverOut,
    responses=problems(NotFound, Conflict),
)  # fmt: skip
async def redeliver_range(caller: Manager, work: Working, asked: RedeliverIn) -> dict[str, Any]:
    """Repeat deliveries: a range of events, or all that failed.

    Events that were never sent to the endpoint, because it was disabled or did not exist yet, are sent too. It is tried
    at once, also while it fails; while it is paused all waits, and while it is disabled this is refused.
    """
    queued, more, last = await service.redeliver_range(work, caller, asked)
    return {"queued": queued, "more": more, "last_sequence": last}


@router.get(
    "/deliveries/{delivery_id}", operation_id="getDelivery", response_model=DeliveryOut, responses=problems(NotFound)
)
async def get_delivery(session: Reading, caller: Manager, delivery_id: UUID) -> dict[str, Any]:
    """Get one delivery with its last attempts."""
    row = (await session.execute(my_deliveries(caller).where(Delivery.id == delivery_id))).first()
    if row is None:
        raise NotFound("You have no delivery of that id; `GET /v1/deliveries` lists yours.")
    tries = await _attempts(session, [delivery_id])
    return _delivery(row, tries.get(delivery_id, []))


@router.post(
    "/deliveries/{delivery_id}/redeliver", status_code=202, operation_id="repeatDelivery", response_model=DeliveryOut,
    responses=problems(NotFound, Conflict),
)  # fmt: skip
async def redeliver(caller: Manager, work: Working, delivery_id: UUID) -> dict[str, Any]:
    """Repeat one delivery.

    It has the same `webhook-id`, and goes out at once and first, also while the endpoint fails; while it is paused it
    waits, and while it is disabled this is refused.
    """
    row = await service.redeliver(work, caller, delivery_id)
    tries = await _attempts(work.session, [delivery_id])
    return _delivery(row, tries.get(delivery_id, []))


async def _attempts(session: Any, deliveries: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """The last tries of several deliveries, in one statement."""
    turn = func.row_number().over(partition_by=Attempt.delivery_id, order_by=Attempt.at.desc()).label("turn")
    ranked = select(Attempt.id, turn).where(Attempt.delivery_id.in_(deliveries)).subquery()
    wanted = select(Attempt).join(ranked, ranked.c.id == Attempt.id).where(ranked.c.turn <= ATTEMPTS_SHOWN)
    told: dict[UUID, list[dict[str, Any]]] = {}
    for one in await session.scalars(wanted.order_by(Attempt.at.desc())):
        shown = {name: getattr(one, name) for name in ("at", "duration_ms", "status_code", "outcome", "excerpt")}
        told.setdefault(one.delivery_id, []).append(shown)
    return told


def _delivery(row: Any, attempts: list[dict[str, Any]]) -> dict[str, Any]:
    delivery, event, endpoint = row.Delivery, row.Event, row.WebhookEndpoint
    tried = delivery.status is DeliveryStatus.PENDING and endpoint.status is EndpointStatus.ENABLED
    following = max(delivery.next_attempt_at, endpoint.retry_at or delivery.next_attempt_at)
    return {
        "id": delivery.id, "event_id": event.id, "event_type": event.type, "sequence": event.position,
        "endpoint_id": delivery.endpoint_id, "status": delivery.status, "created_at": delivery.created_at,
        "attempt_count": delivery.attempts, "next_attempt_at": following if tried else None,
        "settled_at": delivery.settled_at, "attempts": attempts,
    }  # fmt: skip


def _shown(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {name: getattr(endpoint, name) for name in EndpointOut.model_fields}
