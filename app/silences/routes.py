"""The list of silences."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import Field
from sqlalchemy import Uuid, literal, tuple_

from app.access.deps import Now, allowed
from app.access.principal import Principal
from app.access.scopes import Scope
from app.core.db import UTCDateTime
from app.core.paging import CursorQuery, Cursors, Cut, Links, count, link_header, page_links
from app.core.web import Out, Reading, new_router
from app.core.words import Instant
from app.silences.queries import silences

router = new_router("/v1/me", "Webhooks and events")
PATH = "/v1/me/silences"
Listener = Annotated[Principal, allowed(Scope.TTA_READ)]
Kind = Literal["request", "webhook", "notice", "endpoint", "event"]
HREFS = {
    "request": "/v1/tta-requests/{id}",
    "webhook": "/v1/deliveries/{id}",
    "notice": "/v1/tta-requests/{about}",
    "endpoint": "/v1/webhook-endpoints/{id}",
    "event": "/v1/events",
}
ELSEWHERE = {"webhook": "/v1/webhook-endpoints/{about}", "contact": "/v1/contact-submissions/{about}"}
"""How kinds of letters begin that are about something else than a request, and where that is."""


class SilenceQuery(CursorQuery):
    """Which silences."""

    kind: Kind | None = Field(None, description="Only these; all kinds without it.")


class SilenceOut(Out):
    """Something that nobody has answered."""

    kind: Kind
    id: UUID
    href: str = Field(description="Where to look: the request, delivery, submission, endpoint, or feed of events.")
    since: Instant = Field(description="When it was told first.")
    state: Literal["waiting", "letter", "desk", "failed", "disabled"] = Field(
        description="`waiting` for a word, or to be tried (again); `letter`: the partner was written to; `desk`: staff "
        "have the task to reach you; `failed`: it is not tried again; `disabled`: nothing is sent to it any more."
    )
    about: str = Field(
        description="Your reference or ours, the type of the event, the kind of letter, or why we disabled it."
    )


class SilencePage(Out):
    """Silences, the longest first."""

    items: list[SilenceOut]
    total: int
    links: Links


@router.get("/silences", operation_id="listSilences", response_model=SilencePage)
async def list_silences(
    request: Request,
    response: Response,
    session: Reading,
    caller: Listener,
    now: Now,
    query: Annotated[SilenceQuery, Query()],
) -> dict[str, Any]:
    """List what nobody has answered.

    Confirmations without a word; webhooks and letters that did not arrive; endpoints that we disabled.

    An empty list says that nothing of yours is on its way or stuck: a confirmed request stays until it is acknowledged,
    a webhook until it is delivered, a letter until it is out, an endpoint that we disabled until you set its status or
    delete it, with its webhooks.
    What takes longer than ten minutes to be looked at at all is listed too. Not listed is what happened while an
    endpoint was disabled: once it is enabled, `GET /v1/events` has it, and `POST /v1/deliveries/redeliver` sends it.
    You see what your key may read: endpoints and webhooks need `webhooks:manage`, submissions `contact:read`. Staff see
    all requests and letters, and their own webhooks.
    """
    wanted = silences(caller, now)
    columns = wanted.selected_columns
    if query.kind:
        wanted = wanted.where(columns.kind == query.kind)
    total = await count(session, wanted)
    cursors = Cursors(request.app.state.settings.secret.get_secret_value(), PATH, caller.actor, query.kind)
    if query.cursor is not None:
        since, last, _ = cursors.read(query.cursor)
        place = tuple_(literal(since, UTCDateTime()), literal(last, Uuid()))
        wanted = wanted.where(tuple_(columns.since, columns.id) > place)
    rows = (await session.execute(wanted.order_by(columns.since, columns.id).limit(query.limit + 1))).all()
    more, rows = len(rows) > query.limit, rows[: query.limit]
    following = cursors.write(rows[-1].since, rows[-1].id, back=False) if more else None
    links = page_links(PATH, query, Cut(rows, next=following, prev=None))
    response.headers.update(link_header(links))
    items = [
        {
            "kind": row.kind, "id": row.id, "href": _href(row),
            "since": row.since, "state": row.state, "about": row.told,
        }
        for row in rows
    ]  # fmt: skip
    return {"items": items, "total": total, "links": links}


def _href(row: Any) -> str:
    usual = HREFS[row.kind]
    path = ELSEWHERE.get(row.told.partition(".")[0], usual) if row.kind == "notice" else usual
    return path.format(id=row.id, about=row.about)
