"""Sandboxes."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy import func, select

from app.access.deps import Caller, Working
from app.access.models import World
from app.access.principal import Principal
from app.core.clock import Clock
from app.core.errors import NotFound
from app.core.notices import Notice
from app.core.web import Reading, new_router, problems
from app.core.work import Event
from app.sandbox import service
from app.sandbox.schemas import SHOWN, AdvanceIn, AdvanceOut, InboxPage, SandboxMade, SandboxOut, parse_duration
from app.tables import metadata
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


class NoSandbox(NotFound):
    """This address works with a sandbox's key alone. `POST /v1/sandboxes` makes a sandbox, without any account."""

    title = "No sandbox"


async def _world_id(caller: Caller) -> UUID:
    if caller.world_id is None:
        raise NoSandbox("Send the key of a sandbox; `POST /v1/sandboxes` makes one.")
    return caller.world_id


WorldId = Annotated[UUID, Depends(_world_id)]


@router.post("", status_code=201, operation_id="createSandbox", response_model=SandboxMade)
async def create_sandbox(request: Request, response: Response, work: Working) -> dict[str, Any]:
    """Make a sandbox: a throw-away world with its own key, data, mail, webhook inbox and clock.

    No sign-up. It is the same API with the same code; nothing leaves it, nothing of it is seen outside, and after
    24 hours it is gone. The key is shown this once.
    """
    world, key = await service.create(work)
    response.headers["Location"] = LINKS["self"]
    return {
        "id": world.id, "now": work.now, "expires_at": world.expires_at, "counts": _counts(0, 0, 0, 0),
        "links": LINKS, "key": key,
    }  # fmt: skip


@router.get("/current", operation_id="getSandbox", response_model=SandboxOut, responses=problems(NoSandbox))
async def get_sandbox(request: Request, session: Reading, caller: Caller, world_id: WorldId) -> dict[str, Any]:
    """Look at the sandbox that the key opens."""
    return await _shown(session, world_id, caller, request.app.state.clock)


@router.delete("/current", status_code=204, operation_id="deleteSandbox", responses=problems(NoSandbox))
async def delete_sandbox(work: Working, world_id: WorldId) -> None:
    """Throw the sandbox away now."""
    await service.throw_away(work.session, metadata, world_id)


@router.post(
    "/current/clock", operation_id="advanceSandboxClock", response_model=AdvanceOut, responses=problems(NoSandbox)
)
async def advance_sandbox_clock(
    request: Request, caller: Caller, world_id: WorldId, asked: AdvanceIn
) -> dict[str, Any]:
    """Move the sandbox's clock forward, and see what happens.

    `{"advance": "PT37H"}` runs everything that falls due in the next 37 hours, in order: escalations, breaches,
    letters, webhooks. The answer lists it.
    """
    state = request.app.state
    by = parse_duration(asked.advance)
    news, total = await service.advance(state.database, world_id, by, state.worker.drain)
    happened = [
        {
            "id": e.id, "type": e.type, "occurred_at": e.at, "subject_type": e.subject_type,
            "subject_id": e.subject_id, "data": e.data,
        }
        for e in news
    ]  # fmt: skip
    return {"now": state.clock() + caller.offset + by, "happened": happened, "total": total}


@router.get(
    "/current/inbox", operation_id="listSandboxWebhooks", response_model=InboxPage, responses=problems(NoSandbox)
)
async def list_sandbox_webhooks(request: Request, session: Reading, world_id: WorldId) -> dict[str, Any]:
    """Read the webhooks that your endpoints would have got, newest first.

    Headers and body are exactly what is sent in earnest: verify the signature with your endpoint's secret.
    """
    mine = select(InboxItem).where(InboxItem.world_id == world_id)
    total = await session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    items = list(await session.scalars(mine.order_by(InboxItem.id.desc()).limit(SHOWN)))
    return {"items": items, "total": total}


async def _shown(session: Any, world_id: UUID, caller: Principal, clock: Clock) -> dict[str, Any]:
    world = await session.get_one(World, world_id)
    counts = [
        await session.scalar(select(func.count()).select_from(table).where(table.world_id == world_id))
        for table in (Event, Notice, InboxItem)
    ]
    return {
        "id": world.id, "now": clock() + caller.offset, "expires_at": world.expires_at,
        "counts": _counts(0, *counts), "links": LINKS,
    }  # fmt: skip


def _counts(requests: int, events: int, letters: int, webhooks: int) -> dict[str, int]:
    return {"requests": requests, "events": events, "letters": letters, "webhooks": webhooks}
