"""Events: their types, the feed to pull, the stream to hold open."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request, Response
from sqlalchemy import func, select
from starlette.responses import StreamingResponse

from app.access.deps import allowed
from app.access.principal import Principal
from app.access.scopes import Scope
from app.core.facts import public_types
from app.core.links import cursor_links, one_page
from app.core.paging import link_header
from app.core.web import Reading, new_router, refuses
from app.core.work import Event
from app.webhooks.body import body_of, encode_json, examples
from app.webhooks.queries import visible_events
from app.webhooks.schemas import EventPage, EventQuery, EventTypePage
from app.webhooks.streams import Place, TooManyStreams

router = new_router("/v1", "Webhooks and events")
Listener = Annotated[Principal, allowed(Scope.EVENTS_READ)]


@router.get("/event-types", operation_id="listEventTypes", response_model=EventTypePage)
async def list_event_types() -> dict[str, Any]:
    """List every type of event that a partner is told of.

    The body is the same in a webhook, in `GET /v1/events` and on the stream; only `data` differs by type.
    """
    items = [
        {
            "type": f.name,
            "summary": f.summary,
            "data_schema": f.schema(),
            "example": examples()[f.name],
        }
        for f in public_types()
    ]
    return {"items": items, "total": len(items), "links": one_page("/v1/event-types")}


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
    tail = encode_json({"total": total, "next_after": last, "links": links.model_dump()})[1:]
    body = b'{"items":[%b],%b' % (b",".join(body_of(event) for event in events), tail)
    return Response(body, media_type="application/json", headers=link_header(links))


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
