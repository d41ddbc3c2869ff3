"""Endpoints, deliveries, events."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from sqlalchemy import func, select
from starlette.responses import StreamingResponse

from app.access.deps import Working, allowed
from app.access.principal import Principal
from app.access.scopes import Scope
from app.core.errors import Conflict, Invalid, NotFound
from app.core.facts import public_types
from app.core.links import cursor_links
from app.core.sandboxes import SandboxFull
from app.core.web import Reading, new_router, problems, refuses
from app.core.work import Event
from app.webhooks import service
from app.webhooks.body import body_of, encode_json, examples
from app.webhooks.models import Attempt, Delivery, DeliveryStatus, WebhookEndpoint
from app.webhooks.queries import my_deliveries, my_endpoints, visible_events
from app.webhooks.schemas import (
    DeliveryOut,
    DeliveryPage,
    DeliveryQuery,
    EndpointChange,
    EndpointIn,
    EndpointMade,
    EndpointOut,
    EndpointPage,
    EventPage,
    EventQuery,
    EventTypePage,
    PingOut,
    RedeliverIn,
    RedeliverOut,
    RotateIn,
)
from app.webhooks.streams import Place, TooManyStreams

router = new_router("/v1", "Webhooks and events")
Manager = Annotated[Principal, allowed(Scope.WEBHOOKS_MANAGE)]
Listener = Annotated[Principal, allowed(Scope.EVENTS_READ)]
ATTEMPTS_SHOWN = 10


@router.get("/event-types", operation_id="listEventTypes", response_model=EventTypePage)
async def list_event_types() -> dict[str, Any]:
    """List every type of event that a partner is told of.

    The body is the same in a webhook, in `GET /v1/events` and on the stream; only `data` differs by type.
    """
    items = [
        {
            "type": f.name,
            "summary": f.summary,
            "data_schema": f.data.model_json_schema(mode="serialization"),
            "example": examples()[f.name],
        }
        for f in public_types()
    ]
    return {"items": items, "total": len(items)}


@router.post(
    "/webhook-endpoints", status_code=201, operation_id="createWebhookEndpoint", response_model=EndpointMade,
    responses=problems(Invalid, service.TooManyEndpoints, SandboxFull),
)  # fmt: skip
async def create_webhook_endpoint(
    request: Request, response: Response, caller: Manager, work: Working, asked: EndpointIn
) -> dict[str, Any]:
    """Register an address for webhooks.

    The answer shows the signing secret this once. Webhooks follow Standard Webhooks 1.0.0: verify
    `webhook-signature` over `webhook-id.webhook-timestamp.body` with any of its libraries. Answer 2xx within 15
    seconds; anything else, a redirect too, is tried again for three days; 410 disables the endpoint.
    """
    state = request.app.state
    loopback = state.settings.webhook_loopback
    endpoint, secret = await service.create(work, caller, asked, state.seal, loopback=loopback)
    response.headers["Location"] = f"/v1/webhook-endpoints/{endpoint.id}"
    return {**_shown(endpoint), "secret": secret}


@router.get("/webhook-endpoints", operation_id="listWebhookEndpoints", response_model=EndpointPage)
async def list_webhook_endpoints(session: Reading, caller: Manager) -> dict[str, Any]:
    """List your endpoints."""
    found = list(await session.scalars(my_endpoints(caller)))
    return {"items": [_shown(endpoint) for endpoint in found], "total": len(found)}


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
    in `GET /v1/events`, or comes again by `POST /v1/deliveries/redeliver`.
    """
    loopback = request.app.state.settings.webhook_loopback
    return _shown(await service.change(work, caller, endpoint_id, asked, loopback=loopback))


@router.post(
    "/webhook-endpoints/{endpoint_id}/rotate", operation_id="rotateWebhookSecret", response_model=EndpointMade,
    responses=problems(NotFound),
)  # fmt: skip
async def rotate_webhook_secret(
    request: Request, caller: Manager, work: Working, endpoint_id: UUID, asked: RotateIn
) -> dict[str, Any]:
    """Replace an endpoint's secret.

    The new secret is shown this once. Until the overlap ends both secrets sign every webhook.
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

    `GET /v1/deliveries` shows what your endpoint answered.
    """
    delivery = await service.ping(work, caller, endpoint_id)
    return {"event_id": delivery.event_id, "delivery_id": delivery.id}


@router.get("/deliveries", operation_id="listDeliveries", response_model=DeliveryPage)
async def list_deliveries(
    session: Reading, caller: Manager, query: Annotated[DeliveryQuery, Query()]
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
    items = [_delivery(row.Delivery, row.Event, tries.get(row.Delivery.id, [])) for row in rows]
    return {"items": items, "total": total, "links": links}


@router.post(
    "/deliveries/redeliver", status_code=202, operation_id="repeatDeliveries", response_model=RedeliverOut,
    responses=problems(NotFound),
)  # fmt: skip
async def redeliver_range(caller: Manager, work: Working, asked: RedeliverIn) -> dict[str, Any]:
    """Repeat deliveries: a range of events, or all that failed.

    Events that were never sent to the endpoint, because it was disabled or did not exist yet, are sent too.
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
    return _delivery(row.Delivery, row.Event, tries.get(delivery_id, []))


@router.post(
    "/deliveries/{delivery_id}/redeliver", status_code=202, operation_id="repeatDelivery", response_model=DeliveryOut,
    responses=problems(NotFound),
)  # fmt: skip
async def redeliver(caller: Manager, work: Working, delivery_id: UUID) -> dict[str, Any]:
    """Repeat one delivery.

    It has the same `webhook-id`.
    """
    delivery, event = await service.redeliver(work, caller, delivery_id)
    tries = await _attempts(work.session, [delivery_id])
    return _delivery(delivery, event, tries.get(delivery_id, []))


@router.get("/events", operation_id="listEvents", response_model=EventPage)
async def list_events(session: Reading, caller: Listener, query: Annotated[EventQuery, Query()]) -> Response:
    """List every event that is yours, in commit order.

    Keep `next_after` and ask again: nothing is skipped and nothing comes twice. Events are kept for at least 30
    days. The items are byte for byte the bodies of the webhooks.
    """
    wanted = visible_events(caller).where(Event.position > query.after)
    if query.type:
        wanted = wanted.where(Event.type == query.type)
    total = await session.scalar(select(func.count()).select_from(wanted.order_by(None).subquery())) or 0
    events = list(await session.scalars(wanted.limit(query.limit)))
    last = events[-1].position if events and events[-1].position else query.after
    links = cursor_links("/v1/events", query, "after", str(last) if total > len(events) else None)
    tail = encode_json({"total": total, "next_after": last, "links": links})[1:]
    body = b'{"items":[%b],%b' % (b",".join(body_of(event) for event in events), tail)
    headers = {"Link": f'<{links["next"]}>; rel="next"'} if links["next"] else {}
    return Response(body, media_type="application/json", headers=headers)


@refuses(TooManyStreams)
async def _place(request: Request, caller: Listener) -> AsyncIterator[Place]:
    # Given back when the answer has ended, however it ends.
    with request.app.state.streams.place(caller) as place:
        yield place


@router.get(
    "/events/stream",
    operation_id="streamEvents",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream_events(
    request: Request,
    place: Annotated[Place, Depends(_place)],
    after: Annotated[int | None, Query(ge=0, le=2**53, description="Events after this sequence.")] = None,
    last_event_id: Annotated[
        str | None, Header(pattern=r"^\d{1,16}$", description="Set by browsers when they reconnect; over `after`.")
    ] = None,
) -> StreamingResponse:
    """Hold a stream of your events open (server-sent events).

    `id` is the event's `sequence`: a client that reconnects with `Last-Event-ID` loses nothing. Without it and
    without `after` the stream begins with the next event. It ends when the server is stopped or the key is. Hold 10
    open at most, with all your keys together.
    """
    state = request.app.state
    begin = int(last_event_id) if last_event_id is not None else after
    if begin is None:
        async with state.database.read() as session:
            begin = await session.scalar(select(func.max(Event.position))) or 0
    return StreamingResponse(
        state.streams.follow(place, begin),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


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


def _delivery(delivery: Delivery, event: Event, attempts: list[dict[str, Any]]) -> dict[str, Any]:
    pending = delivery.status is DeliveryStatus.PENDING
    return {
        "id": delivery.id, "event_id": event.id, "event_type": event.type, "sequence": event.position,
        "endpoint_id": delivery.endpoint_id, "status": delivery.status, "created_at": delivery.created_at,
        "attempt_count": delivery.attempts, "next_attempt_at": delivery.next_attempt_at if pending else None,
        "settled_at": delivery.settled_at, "attempts": attempts,
    }  # fmt: skip


def _shown(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {name: getattr(endpoint, name) for name in EndpointOut.model_fields}
