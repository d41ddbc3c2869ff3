"""Asking for TTA, and reading what became of it: the form, the request, its life, its timeline."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from app.access.deps import Guard, Now, allowed
from app.access.principal import Kind, Principal
from app.access.scopes import Scope
from app.core.answers import Answer
from app.core.bodies import digest_of, json_body, json_request
from app.core.errors import NotFound
from app.core.idempotency import (
    REPLAYED,
    IdempotencyKey,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    StillRunning,
    Use,
)
from app.core.paging import Cursors, count, cut, link_header, page_links
from app.core.sandboxes import SandboxFull
from app.core.web import Reading, new_router, problems
from app.core.work import Moment
from app.editions.asking import AsOfQuery
from app.editions.documented import PLAIN
from app.editions.reader import Content
from app.editions.snapshot import encode
from app.tta import views
from app.tta.checks import Setting, read
from app.tta.drawing import GROUPS, draw, version
from app.tta.intake import ExternalRefUsed, Intake
from app.tta.lifecycle import lifecycle
from app.tta.looking import NOT_FOUND, Name, Reader
from app.tta.models import TTARequest
from app.tta.personal import Contact
from app.tta.plan import ROUTE, Asked
from app.tta.queries import Viewer, matching, named
from app.tta.schemas import (
    DryRunOut,
    FormOut,
    LifecycleOut,
    RequestFilter,
    RequestOut,
    RequestPage,
    SubmittedOut,
)
from app.tta.sla import PromiseName, shown, start
from app.tta.suggest import likely_duplicates, suggested

router = new_router("/v1/tta-requests", "TTA requests")
asking = new_router("/v1/tta-requests", "TTA requests")
"""Apart, so that the application can try it before all other routes: it is asked for often, and never from memory."""
PATH = "/v1/tta-requests"
SUBMITTER = Guard((Scope.TTA_SUBMIT,), anonymous=True, staff=False)
Submitter = Annotated[Principal, Depends(SUBMITTER)]
Desk = Annotated[Principal, allowed(Scope.TTA_READ)]
NOT_FOR_EMERGENCIES = (
    "This is not for emergencies. For a person in crisis call or text 988; where there is danger call 911."
)


@router.get("/form", response_model=FormOut, operation_id="getTTARequestForm", responses=PLAIN)
async def get_form(content: Content, query: Annotated[AsOfQuery, Query()]) -> Answer:
    """Get the form, ready to be drawn.

    A JSON Schema (2020-12) made from the model that checks requests: labels, help, options, limits, and the order of
    the fields. Topics, program types and learning sites are those of the edition; `version` names form and edition,
    and each stored request names the version it passed. `x-personal` marks fields that may hold personal data.
    """
    snapshot = await content.on(query.edition)
    return content.answer(
        encode(
            {
                "version": version(snapshot.number),
                "edition": snapshot.number,
                "title": "Request training and technical assistance",
                "notice": NOT_FOR_EMERGENCIES,
                "submit": {"method": "POST", "href": PATH, "dry_run": f"{PATH}?dry_run=true"},
                "groups": [{"key": key, "title": title, "fields": fields} for key, title, fields in GROUPS],
                "schema": draw(snapshot),
            }
        )
    )


@router.get("/lifecycle", response_model=LifecycleOut, operation_id="getTTARequestLifecycle")
async def get_lifecycle() -> dict[str, Any]:
    """Get the life of a request.

    Every status, every step with who may take it, the event it makes and the letter that goes out, and the promises
    with their times. It is the table by which the server decides, drawn also as a diagram.
    """
    return lifecycle()


@asking.post(
    "",
    status_code=201,
    response_model=SubmittedOut,
    operation_id="submitTTARequest",
    openapi_extra=json_request("RequestForm"),
    responses={
        200: {"model": DryRunOut, "description": "The verdict of a dry run; nothing was written."},
        201: {"headers": {"Location": {}, REPLAYED: {}}},
        **problems(IdempotencyKeyMissing, IdempotencyKeyReused, StillRunning, ExternalRefUsed, SandboxFull),
    },
)
async def submit(
    request: Request,
    caller: Submitter,
    idempotency_key: IdempotencyKey = None,
    dry_run: Annotated[bool, Query(description="Only give the verdict; write nothing.")] = False,
) -> Response:
    """Ask for training and technical assistance.

    This is real: a person will answer. To try it, send `dry_run=true`, or use the key of a sandbox.

    201 means that the request is kept, with its clock running: it is confirmed by a person within 36 elapsed hours.
    The answer carries a signed receipt, and for those without a partner's key a status token, shown this once.
    With a key of ours, `Idempotency-Key` is required: the same one and body give the first answer again, for 72 hours
    at least. All mistakes are named at once, each with its pointer. With `dry_run=true` the verdict is the same and
    nothing is written; the answer shows what would be promised, likely duplicates of yours, and sites that fit.
    """
    body = await json_body(request)
    now = request.app.state.clock() + caller.offset
    if idempotency_key is None and caller.kind is Kind.PARTNER:
        raise IdempotencyKeyMissing("Send `Idempotency-Key`, any text that names this attempt, and repeat it with it.")
    snapshot = request.app.state.shelf.current
    form, said = read(body, Setting(snapshot, now.date()))
    digest, whose = digest_of(body), caller.known_as(cursor_secret(request))
    asked = Asked(
        form=form,
        said=said,
        caller=caller,
        moment=Moment(
            actor=caller.actor, now=now, request_id=request.scope.get("pmhc.request_id"), world_id=caller.world_id
        ),
        edition=snapshot.number,
        digest=digest,
        use=Use.of(whose, ROUTE, idempotency_key, digest) if idempotency_key else None,
    )
    intake: Intake = request.app.state.intake
    if dry_run:
        return await _dry_run(request, intake, asked)
    outcome = await intake.take(asked)
    if outcome.refusal:
        raise outcome.refusal
    headers = {"Location": outcome.location}
    if outcome.replayed:
        headers[REPLAYED] = "true"
    return Response(outcome.body, 201, headers, "application/json")


async def _dry_run(request: Request, intake: Intake, asked: Asked) -> Response:
    """The verdict that the real call would give now, and what helps to decide."""
    against = await intake.try_out(asked)
    if against and against.refusal:
        raise against.refusal
    clock = start(PromiseName.CONFIRMATION, asked.moment.now)
    async with request.app.state.database.read() as session:
        duplicates = await likely_duplicates(session, asked)
    answer = DryRunOut.model_validate(
        {
            "verdict": "accepted",
            "replay": against is not None,
            "form_version": version(asked.edition),
            "body_sha256": asked.digest,
            "normalised": asked.said,
            "clock": shown(PromiseName.CONFIRMATION, clock, asked.moment.now),
            "likely_duplicates": duplicates,
            "suggested_sites": suggested(request.app.state.shelf.current, asked.said),
        }
    )
    return Response(answer.model_dump_json(), 200, media_type="application/json")


@router.get("", response_model=RequestPage, operation_id="listTTARequests")
async def list_requests(
    request: Request,
    response: Response,
    caller: Desk,
    session: Reading,
    now: Now,
    query: Annotated[RequestFilter, Query()],
) -> dict[str, Any]:
    """List requests, those with the least time left first.

    A partner sees its own, staff see all of their world. Filters combine. Walking `next` visits each request once, even
    while others arrive.
    """
    viewer = Viewer(caller)
    wanted = matching(viewer, query, now)
    filters = query.model_dump(exclude={"cursor", "limit"}, mode="json")
    cursors = Cursors(cursor_secret(request), PATH, caller.actor, filters)
    by = (TTARequest.due_at, TTARequest.id)
    page = await cut(session, wanted, by, cursors, query, descending=query.sort.startswith("-"))
    links = page_links(PATH, query, page)
    response.headers.update(link_header(links))
    names = await views.staff_names(session, viewer, (row.assignee_id for row in page.rows))
    items = [views.brief(viewer, row, now, names) for row in page.rows]
    return {"items": items, "total": await count(session, wanted), "links": links}


@router.get("/{name}", response_model=RequestOut, operation_id="getTTARequest")
async def get_request(viewer: Reader, session: Reading, now: Now, name: Name) -> dict[str, Any]:
    """Get one request.

    Where it stands, what is promised, what was asked, and what you may do now.

    With a partner's or staff key, or with the status token of the receipt in `X-Status-Token`.
    """
    return await show(session, viewer, name, now)


async def show(session: Any, viewer: Viewer, name: str, now: Any) -> dict[str, Any]:
    """A request as its viewer sees it."""
    found = await seen(session, viewer, name)
    contact = await session.get(Contact, found.id)
    names = await views.staff_names(session, viewer, [found.assignee_id])
    return views.whole(viewer, found, contact, now, names)


async def seen(session: Any, viewer: Viewer, name: str) -> TTARequest:
    """The request, if the viewer may see it."""
    found: TTARequest | None = await session.scalar(named(viewer, name))
    if found is None:
        raise NotFound(NOT_FOUND)
    return found


def cursor_secret(request: Request) -> str:
    """What cursors are signed with."""
    secret: str = request.app.state.settings.secret.get_secret_value()
    return secret
