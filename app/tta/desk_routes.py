"""Acting on requests: moves, messages, the timeline, counts, and what staff still have to do."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from sqlalchemy import select

from app.access.deps import Now, allowed
from app.access.principal import Principal
from app.access.repeats import REPEATABLE, Once
from app.access.scopes import Scope
from app.core.bodies import json_body, json_request
from app.core.paging import CursorQuery, Cursors, count, cut, link_header, page_links
from app.core.web import Reading, new_router, problems
from app.core.work import Event
from app.tta import actions, history, service, views
from app.tta.desk import Claimed
from app.tta.looking import Actor, Name, Reader
from app.tta.models import Task, TTARequest
from app.tta.moves import Tools
from app.tta.personal import Contact
from app.tta.queries import Viewer, counted, in_world
from app.tta.routes import cursor_secret, seen
from app.tta.schemas import (
    CountsOut,
    MessageIn,
    RequestFilter,
    RequestOut,
    TaskFilter,
    TaskPage,
    TimelinePage,
)
from app.tta.states import ENDS, By, ForbiddenMove

router = new_router("/v1", "TTA requests")
Desk = Annotated[Principal, allowed(Scope.TTA_READ)]
Staff = Annotated[Principal, allowed(Scope.TTA_ACT)]
PATH = "/v1/tta-requests"


async def _asked(request: Request) -> actions.Act:
    return actions.read_action(await json_body(request))


async def _tools(request: Request) -> Tools:
    # Before the write transaction opens: a first signing key is made in a transaction of its own.
    return Tools(pen=await request.app.state.signer.pen(), shown=request.app.state.shelf.current)


@router.get("/tta-requests/counts", response_model=CountsOut, operation_id="countTTARequests")
async def count_requests(
    caller: Desk, session: Reading, now: Now, query: Annotated[RequestFilter, Query()]
) -> dict[str, Any]:
    """Count requests by status and by how their promise stands.

    The same filters as the list; a partner counts its own.
    """
    viewer = Viewer(caller)
    rows = (await session.execute(counted(viewer, query, now))).all()
    by_status: dict[str, int] = {}
    by_clock: dict[str, int] = {}
    for status, clock, _, n in rows:
        by_status[status.value] = by_status.get(status.value, 0) + n
        by_clock[clock] = by_clock.get(clock, 0) + n
    still_open = sum(n for status, _, _, n in rows if status not in ENDS)
    idle = sum(n for status, _, alone, n in rows if alone and status not in ENDS)
    return {
        "total": sum(by_clock.values()),
        "by_status": by_status,
        "by_clock": by_clock,
        "open": still_open,
        "unassigned": idle if viewer.by is By.STAFF else None,
    }


@router.post(
    "/tta-requests/{name}/actions",
    response_model=RequestOut,
    operation_id="actOnTTARequest",
    openapi_extra=json_request("TTAAction"),
    responses={200: REPEATABLE, **problems(ForbiddenMove, Claimed)},
)
async def act_on_request(
    viewer: Actor,
    asked: Annotated[actions.Act, Depends(_asked)],
    tools: Annotated[Tools, Depends(_tools)],
    once: Once,
    name: Name,
) -> dict[str, Any]:
    """Move a request along its life, or take it in hand.

    `GET /v1/tta-requests/lifecycle` shows which action is open in which status, to whom; a move that is not allowed is
    409 with `allowed_actions`. Staff confirm, ask, match, schedule, decline …; whoever asked answers, withdraws and
    evaluates. Every action is one fact in the timeline, with who, when and why.

    The answer is the request as it is now. A key without `tta:read` may act, and reads nothing by it: for such a key
    what people wrote in the form, and who they are, is left out of `request`.
    """
    work = once.work
    if await once.done_before():
        request = await seen(work.session, viewer, name)
    else:
        request = await service.act(work, viewer, name, asked, tools)
        await once.note(request.id)
    await work.session.flush()
    contact = await work.session.get(Contact, request.id) if viewer.reads else None
    names = await views.staff_names(work.session, viewer, [request.assignee_id])
    return views.whole(viewer, request, contact, work.now, names)


@router.post(
    "/tta-requests/{name}/messages",
    status_code=201,
    response_model=TimelinePage,
    operation_id="writeAboutTTARequest",
    responses={201: REPEATABLE},
)
async def write_message(viewer: Actor, asked: MessageIn, once: Once, name: Name) -> dict[str, Any]:
    """Write about a request.

    Words go to the other side; a note of staff with `internal: true` reaches nobody else.

    The answer is the new entry of the timeline.
    """
    work = once.work
    if done := await once.done_before():
        event = await work.session.get_one(Event, done)
    else:
        event = await service.say(work, viewer, name, asked.words, internal=asked.internal)
        await once.note(event.id)
    await work.session.flush()
    entries = await views.timeline(work.session, viewer, [event], [])
    path = f"{PATH}/{event.subject_id}/timeline"
    return {"items": entries, "total": 1, "links": {"self": path, "next": None, "prev": None}}


@router.get("/tta-requests/{name}/timeline", response_model=TimelinePage, operation_id="getTTARequestTimeline")
async def get_timeline(
    request: Request,
    response: Response,
    viewer: Reader,
    session: Reading,
    name: Name,
    query: Annotated[CursorQuery, Query()],
) -> dict[str, Any]:
    """Get what happened to a request.

    Oldest first: who did what, when and why, and which letters went out.

    Internal notes and what concerns the desk alone are shown to staff only.
    """
    found = await seen(session, viewer, name)
    cursors = Cursors(cursor_secret(request), "timeline", found.id, viewer.by)
    page, total = await history.page_of(session, viewer, found, cursors, query)
    links = page_links(f"{PATH}/{found.id}/timeline", query, page)
    response.headers.update(link_header(links))
    return {"items": page.rows, "total": total, "links": links}


@router.get("/tta-tasks", response_model=TaskPage, operation_id="listTTATasks")
async def list_tasks(
    request: Request,
    response: Response,
    caller: Staff,
    session: Reading,
    query: Annotated[TaskFilter, Query()],
) -> dict[str, Any]:
    """List what staff have to do beside the queue.

    Oldest first. A task is open until it is done, or its request ends.

    `apologise`: the confirmation, or a new time that was named for a promise, was missed; done by `apologise`.
    `find_match`: no match was found in time; done by `match`. `reach_requester`: a partner's system did not say that it
    heard of the confirmation; done by `POST …/acknowledgements`, or by anything that the requester does.
    """
    done = Task.done_at.is_not(None) if query.done else Task.done_at.is_(None)
    wanted = select(Task).where(in_world(Task.world_id, caller.world_id), done)
    cursors = Cursors(cursor_secret(request), "tasks", caller.world_id, query.done)
    page = await cut(session, wanted, (Task.opened_at, Task.id), cursors, query)
    links = page_links("/v1/tta-tasks", query, page)
    response.headers.update(link_header(links))
    references = select(TTARequest.id, TTARequest.reference).where(
        TTARequest.id.in_([task.request_id for task in page.rows])
    )
    named = {row.id: row.reference for row in await session.execute(references)}
    items = [
        {
            "id": task.id,
            "kind": task.kind,
            "request": f"{PATH}/{task.request_id}",
            "reference": named[task.request_id],
            "opened_at": task.opened_at,
            "done_at": task.done_at,
        }
        for task in page.rows
    ]
    return {"items": items, "total": await count(session, wanted), "links": links}
