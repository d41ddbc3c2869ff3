"""Sandboxes."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.deps import Caller, Now, Working
from app.access.models import World
from app.core.bodies import json_body, json_request
from app.core.errors import NotFound, sandbox_gone
from app.core.letters import SandboxLetter
from app.core.notices import Notice
from app.core.paging import CursorQuery, Cursors, count, cut, link_header, page_links
from app.core.web import Reading, new_router, problems, refuses
from app.core.work import Event
from app.sandbox import service
from app.sandbox.desk import obey, read_order
from app.sandbox.moving import ClockBusy, Move
from app.sandbox.schemas import (
    AdvanceIn,
    AdvanceOut,
    InboxPage,
    LetterPage,
    SandboxMade,
    SandboxOut,
    parse_duration,
    told_duration,
)
from app.tables import metadata
from app.tta.desk import Claimed
from app.tta.models import TTARequest
from app.tta.moves import Tools
from app.tta.schemas import RequestOut
from app.tta.states import ForbiddenMove
from app.webhooks.inbox import InboxItem

router = new_router("/v1/sandboxes", "Sandbox")
LINKS = {
    "self": "/v1/sandboxes/current",
    "submit": "/v1/tta-requests",
    "webhook_endpoints": "/v1/webhook-endpoints",
    "clock": "/v1/sandboxes/current/clock",
    "desk": "/v1/sandboxes/current/desk",
    "inbox": "/v1/sandboxes/current/inbox",
    "mail": "/v1/sandboxes/current/mail",
    "events": "/v1/events",
}
COUNTED: dict[str, Any] = {"requests": TTARequest, "events": Event, "letters": Notice, "webhooks": InboxItem}


class NoSandbox(NotFound):
    """This address works with a sandbox's key alone. `POST /v1/sandboxes` makes a sandbox, without any account."""

    title = "No sandbox"


@refuses(NoSandbox, without_key=True)
async def _world_id(caller: Caller) -> UUID:
    if caller.world_id is None:
        raise NoSandbox("Send the key of a sandbox; `POST /v1/sandboxes` makes one.")
    return caller.world_id


WorldId = Annotated[UUID, Depends(_world_id)]


@router.post(
    "", status_code=201, operation_id="createSandbox", response_model=SandboxMade,
    responses={201: {"headers": {"Location": {}}}},
)  # fmt: skip
async def create_sandbox(response: Response, work: Working) -> dict[str, Any]:
    """Make a sandbox.

    A throw-away world with its own key, data, mail, webhook inbox and clock.

    No sign-up. It is the same API with the same code; nothing leaves it, nothing of it is seen outside, and after
    24 hours it is gone. It holds 50 requests and 5 webhook endpoints. The key is shown this once.
    """
    world, key = await service.create(work)
    response.headers["Location"] = LINKS["self"]
    counts = dict.fromkeys(COUNTED, 0)
    return {
        "id": world.id, "now": work.now, "expires_at": world.expires_at, "counts": counts, "links": LINKS, "key": key,
    }  # fmt: skip


@router.get("/current", operation_id="getSandbox", response_model=SandboxOut)
async def get_sandbox(session: Reading, now: Now, world_id: WorldId) -> dict[str, Any]:
    """Look at the sandbox that the key opens."""
    world = await session.get(World, world_id)
    if world is None:
        raise sandbox_gone()
    counts = {
        name: await session.scalar(select(func.count()).select_from(table).where(table.world_id == world_id))
        for name, table in COUNTED.items()
    }
    return {"id": world.id, "now": now, "expires_at": world.expires_at, "counts": counts, "links": LINKS}


@router.delete("/current", status_code=204, operation_id="deleteSandbox")
async def delete_sandbox(world_id: WorldId, work: Working) -> None:
    """Throw the sandbox away now."""
    await service.throw_away(work.session, metadata, world_id)


@router.post(
    "/current/clock", operation_id="advanceSandboxClock", response_model=AdvanceOut, responses=problems(ClockBusy)
)
async def advance_sandbox_clock(request: Request, world_id: WorldId, asked: AdvanceIn) -> dict[str, Any]:
    """Move the sandbox's clock forward, and see what happens.

    `{"advance": "PT37H"}` runs everything that falls due in the next 37 hours, in order: escalations, breaches,
    letters, webhooks. The answer lists it. A second call waits for its turn, 10 seconds at most. A call works for 10
    seconds at most; where that was not enough, `left` says with what to go on.
    """
    state = request.app.state
    async with state.turns.of(world_id):
        move = Move(state.database, state.clock, world_id, state.worker.work, request.is_disconnected)
        moved = await move.by(parse_duration(asked.advance))
    happened = [
        {
            "id": e.id, "type": e.type, "occurred_at": e.at, "subject_type": e.subject_type,
            "subject_id": e.subject_id, "data": e.data,
        }
        for e in moved.news
    ]  # fmt: skip
    left = told_duration(moved.left) if moved.left else None
    return {"now": moved.now, "happened": happened, "total": moved.total, "left": left}


async def _order(request: Request, _world_id: WorldId) -> Any:
    return read_order(await json_body(request))


async def _tools(request: Request) -> Tools:
    # Before the write transaction opens: a first signing key is made in a transaction of its own.
    return Tools(pen=await request.app.state.signer.pen(), shown=request.app.state.shelf.current)


@router.post(
    "/current/desk", operation_id="tellSandboxDesk", response_model=RequestOut,
    openapi_extra=json_request("SandboxDeskAction"), responses=problems(NotFound, ForbiddenMove, Claimed),
)  # fmt: skip
async def tell_sandbox_desk(
    caller: Caller,
    world_id: WorldId,
    order: Annotated[Any, Depends(_order)],
    tools: Annotated[Tools, Depends(_tools)],
    work: Working,
) -> dict[str, Any]:
    """Tell the sandbox's desk what to do.

    Confirm, ask, match, schedule, decline …

    The bodies are those that staff send to `POST /v1/tta-requests/{id}/actions`, with `request` beside `action`. The
    desk is tame: it does what you say, by the same rules as staff in earnest, so that you can rehearse every path. The
    answer is the request as the desk sees it.
    """
    return await obey(work, caller, world_id, order, tools)


@router.get("/current/inbox", operation_id="listSandboxWebhooks", response_model=InboxPage)
async def list_sandbox_webhooks(
    request: Request, response: Response, session: Reading, world_id: WorldId, query: Annotated[CursorQuery, Query()]
) -> dict[str, Any]:
    """Read the webhooks that your endpoints would have got, newest first.

    Headers and body are exactly what is sent in earnest: verify the signature with your endpoint's secret.
    """
    mine = select(InboxItem).where(InboxItem.world_id == world_id)
    by = (InboxItem.received_at, InboxItem.id)
    return await _newest(request, response, session, mine, by, LINKS["inbox"], world_id, query)


@router.get("/current/mail", operation_id="listSandboxMail", response_model=LetterPage)
async def list_sandbox_mail(
    request: Request, response: Response, session: Reading, world_id: WorldId, query: Annotated[CursorQuery, Query()]
) -> dict[str, Any]:
    """Read the letters that would have gone out.

    Newest first: to the requester, to you, to the desk.

    They are written as in earnest, and marked as a rehearsal.
    """
    mine = select(SandboxLetter).where(SandboxLetter.world_id == world_id)
    by = (SandboxLetter.kept_at, SandboxLetter.notice_id)
    return await _newest(request, response, session, mine, by, LINKS["mail"], world_id, query)


async def _newest(
    request: Request, response: Response, session: AsyncSession, mine: Select[Any], by: tuple[Any, Any], path: str,
    world_id: UUID, query: CursorQuery,
) -> dict[str, Any]:  # fmt: skip
    """A page of what a sandbox keeps, newest first."""
    cursors = Cursors(request.app.state.settings.secret.get_secret_value(), path, world_id)
    page = await cut(session, mine, by, cursors, query, descending=True)
    links = page_links(path, query, page)
    response.headers.update(link_header(links))
    return {"items": page.rows, "total": await count(session, mine), "links": links}
