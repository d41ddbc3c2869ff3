"""Contact PMHC over HTTP."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.deps import Now, Working, allowed, open_work
from app.access.principal import Kind, Principal
from app.access.repeats import REPEATABLE, Once
from app.access.scopes import Scope
from app.contact import service
from app.contact.files import Files, reachable
from app.contact.models import Attachment, AttachmentStatus, ContactPerson, ContactSubmission
from app.contact.schemas import (
    AttachmentOut,
    MoveIn,
    SubmissionIn,
    SubmissionMade,
    SubmissionOut,
    SubmissionPage,
    SubmissionQuery,
)
from app.contact.sniff import TYPES, WrongContent, judge
from app.contact.states import ForbiddenContactMove
from app.contact.states import allowed as allowed_moves
from app.core.bodies import digest_of
from app.core.errors import ContentTooLarge, Invalid, NotFound, Unauthenticated
from app.core.idempotency import (
    REPLAYED,
    IdempotencyKey,
    IdempotencyKeyReused,
    Use,
    remember,
    standing,
)
from app.core.paging import Cursors, count, cut, link_header, page_links
from app.core.sandboxes import SandboxFull
from app.core.web import Reading, new_router, problems, refuses

router = new_router("/v1/contact-submissions", "Contact")
PATH = "/v1/contact-submissions"
ROUTE = "POST /v1/contact-submissions"
WORDS: dict[str, Any] = {
    **dict.fromkeys(("name", "email", "agency", "subject", "message"), True), "attachments": {"__all__": {"filename"}},
}  # fmt: skip
"""What of an answer a person wrote. It lies in `contact_person` alone, so an answer is remembered without it."""
UPLOAD = re.compile(PATH + r"/[0-9A-Fa-f-]{32,36}/attachments/[0-9A-Fa-f-]{32,36}")
Token = Annotated[
    str | None,
    Header(alias="X-Status-Token", max_length=200, description="The status token of the receipt, without a key."),
]
Sender = Annotated[Principal, allowed(Scope.CONTACT_SUBMIT, anonymous=True)]
Lister = Annotated[Principal, allowed(Scope.CONTACT_READ)]
Viewer = tuple[Principal, str | None]
"""Who looks at a submission: by a key, or by the status token of one."""


def _seen_by(*scopes: Scope) -> Any:
    """A dependency for one thing that can be done to a submission: a key needs one of the scopes, a token none."""

    @refuses(Unauthenticated, NotFound)
    async def viewer(caller: Annotated[Principal, allowed(*scopes, anonymous=True)], token: Token = None) -> Viewer:
        if caller.anonymous and not token:
            raise Unauthenticated("Send a key, or the status token of your receipt in `X-Status-Token`.")
        return caller, token

    return Depends(viewer)


Reader = Annotated[Viewer, _seen_by(Scope.CONTACT_READ)]
Mover = Annotated[Viewer, _seen_by(Scope.CONTACT_SUBMIT, Scope.CONTACT_REVIEW)]
Giver = Annotated[Viewer, _seen_by(Scope.CONTACT_SUBMIT)]


def takes_a_file(method: str, path: str) -> bool:
    """Whether a body may be as large as a file: where one is uploaded, and nowhere that only looks like it."""
    return method == "PUT" and UPLOAD.fullmatch(path) is not None


@router.post(
    "", status_code=201, operation_id="submitContact", response_model=SubmissionMade,
    responses={
        201: {"headers": {"Location": {}, REPLAYED: {}}}, **problems(Invalid, IdempotencyKeyReused, SandboxFull),
    },
)  # fmt: skip
async def submit_contact(
    request: Request, caller: Sender, work: Working, asked: SubmissionIn, idempotency_key: IdempotencyKey = None
) -> Response:
    """Send a question, a policy, or training material.

    201 is the receipt: it is kept, and a person reads it. Files come in two steps: announce them here, then `PUT` the
    bytes to each `href`. Those without a key get a `status_token`, shown this once. Nothing is published by itself.
    This is real: a person will read it; in a sandbox nobody is troubled. It is no emergency service: call 911, or 988
    in a mental health crisis.
    """
    state = request.app.state
    secret = state.settings.secret.get_secret_value()
    if asked.website:
        raise Invalid([{"pointer": "/website", "detail": "Leave this empty."}])
    if faults := service.faults_of(asked, list(state.shelf.current["topic"].by_slug)):
        raise Invalid(faults)
    token_of = None if caller.kind is Kind.PARTNER else lambda id_: service.token_of(secret, id_)
    use = _use(caller.known_as(secret), idempotency_key, asked)
    if use and (row := (await standing(work.session, [use])).get(use.digest)):
        return _receipt(_again(use.replay(row).answer, asked), token_of, replayed=True)
    await service.make_room(work)
    submitted = service.plan(work, caller, asked, secret)
    made = SubmissionMade.model_validate({**_whole(*submitted, caller), "status_token": None})
    if use and await remember(work.session, [use.row(work, 201, made.model_dump_json(exclude=WORDS), made.href)]):
        # Somebody was quicker between our look and our write: theirs is the first answer, ours is never written.
        first = (await standing(work.session, [use]))[use.digest]
        return _receipt(_again(use.replay(first).answer, asked), token_of, replayed=True)
    await service.keep(work, submitted)
    return _receipt(made, token_of, replayed=False)


def _use(caller: str, key: str | None, asked: SubmissionIn) -> Use | None:
    if key is None:
        return None
    return Use.of(caller, ROUTE, key, digest_of(asked.model_dump(mode="json")))


def _again(kept: str, asked: SubmissionIn) -> SubmissionMade:
    """The first answer: what was kept of it, and the words, which were not, from the same body sent again."""
    told = {**json.loads(kept), **{name: getattr(asked, name) for name in WORDS if name != "attachments"}}
    for file, announced in zip(told["attachments"], asked.attachments, strict=True):
        file["filename"] = announced.filename
    return SubmissionMade.model_validate(told)


def _receipt(made: SubmissionMade, token_of: Callable[[UUID], str] | None, *, replayed: bool) -> Response:
    """The answer with the token, which is shown and not stored."""
    if token_of:
        made = made.model_copy(update={"status_token": token_of(made.id)})
    headers = {"Location": made.href, **({REPLAYED: "true"} if replayed else {})}
    return Response(made.model_dump_json(), 201, headers, "application/json")


@router.get("", operation_id="listContactSubmissions", response_model=SubmissionPage)
async def list_contact_submissions(
    request: Request, response: Response, session: Reading, caller: Lister, query: Annotated[SubmissionQuery, Query()]
) -> dict[str, Any]:
    """List submissions, newest first: a partner its own, staff all."""
    wanted = service.visible_to(caller, None)
    for name in ("kind", "status", "topic"):
        if (value := getattr(query, name)) is not None:
            wanted = wanted.where(getattr(ContactSubmission, name) == value)
    secret = request.app.state.settings.secret.get_secret_value()
    cursors = Cursors(secret, PATH, caller.actor, query.model_dump(exclude={"cursor", "limit"}, mode="json"))
    by = (ContactSubmission.received_at, ContactSubmission.id)
    page = await cut(session, wanted, by, cursors, query, descending=True)
    links = page_links(PATH, query, page)
    response.headers.update(link_header(links))
    return {"items": [_brief(row) for row in page.rows], "total": await count(session, wanted), "links": links}


@router.get("/{submission_id}", operation_id="getContactSubmission", response_model=SubmissionOut)
async def get_contact_submission(session: Reading, viewer: Reader, submission_id: UUID) -> dict[str, Any]:
    """Get one submission, with what you may do now."""
    row = await service.find(session, *viewer, submission_id)
    return await _shown(session, row, viewer[0])


@router.post(
    "/{submission_id}/actions", operation_id="actOnContactSubmission", response_model=SubmissionOut,
    responses={200: REPEATABLE, **problems(Invalid, ForbiddenContactMove, service.AttachmentAwaited)},
)  # fmt: skip
async def act_on_contact_submission(viewer: Mover, once: Once, submission_id: UUID, asked: MoveIn) -> dict[str, Any]:
    """Move a submission along its life.

    Review, answer, accept, return, decline, close; the sender may withdraw.

    What is accepted waits for an editor; it never publishes itself.
    """
    caller = viewer[0]
    if caller.staff:
        caller.demand(Scope.CONTACT_REVIEW)
    work = once.work
    if await once.done_before():
        row = await service.find(work.session, *viewer, submission_id)
    else:
        row = await service.act(work, *viewer, submission_id, asked)
        await once.note(row.id)
    return await _shown(work.session, row, caller)


@router.put(
    "/{submission_id}/attachments/{attachment_id}", operation_id="uploadAttachment", response_model=AttachmentOut,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {name: {"schema": {"type": "string", "format": "binary"}} for name in TYPES},
        }
    },
    responses=problems(Invalid, WrongContent, ContentTooLarge, service.AttachmentStored, service.TooLateForFiles),
)  # fmt: skip
async def upload_attachment(
    request: Request, viewer: Giver, now: Now, submission_id: UUID, attachment_id: UUID
) -> dict[str, Any]:
    """Send the bytes of an announced attachment.

    Its type is judged by the content. Sending the same bytes again is harmless; other bytes are refused.
    """
    content = await request.body()
    async with request.app.state.database.read() as session:
        # For nobody else are bytes looked at.
        row, attachment = await _attachment(session, viewer, submission_id, attachment_id)
    service.check_size(content)
    found = await asyncio.to_thread(judge, content)
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    service.check_content(row, attachment, found, declared)
    files: Files = request.app.state.files
    # Before the transaction: a storage that takes its time must not keep others from writing.
    with reachable():
        await files.put(service.file_key(row, attachment, found.sha256), content)
    async with open_work(request, viewer[0], now) as work:
        row, attachment = await _attachment(work.session, viewer, submission_id, attachment_id, lock=True)
        service.check_content(row, attachment, found, declared)
        service.stored(work, row, attachment, found)
    return _file(attachment)


@router.get(
    "/{submission_id}/attachments/{attachment_id}",
    operation_id="downloadAttachment",
    response_class=Response,
    responses={200: {"content": {name: {"schema": {"type": "string", "format": "binary"}} for name in TYPES}}},
)
async def download_attachment(
    request: Request, session: Reading, viewer: Reader, submission_id: UUID, attachment_id: UUID
) -> Response:
    """Get the bytes of an attachment, to save, never to show in a browser."""
    row, attachment = await _attachment(session, viewer, submission_id, attachment_id)
    if attachment.status is not AttachmentStatus.STORED:
        raise NotFound("The bytes of this attachment have not come yet.")
    files: Files = request.app.state.files
    with reachable():
        try:
            content = await files.get(service.file_key(row, attachment, attachment.sha256))
        except FileNotFoundError:
            content = await files.get(service.file_key(row, attachment, None))
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(attachment.filename)}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(content, 200, headers, attachment.media_type)


async def _attachment(
    session: AsyncSession, viewer: Viewer, submission_id: UUID, attachment_id: UUID, *,
    lock: bool = False,
) -> tuple[ContactSubmission, Attachment]:  # fmt: skip
    row = await service.find(session, *viewer, submission_id, lock=lock)
    found = await session.get(Attachment, attachment_id)
    if found is None or found.submission_id != row.id:
        raise NotFound("The submission has no such attachment.")
    return row, found


async def _shown(session: AsyncSession, row: ContactSubmission, caller: Principal) -> dict[str, Any]:
    person = await session.get_one(ContactPerson, row.id)
    files = await session.scalars(select(Attachment).where(Attachment.submission_id == row.id).order_by(Attachment.id))
    return _whole(row, person, list(files), caller)


def _whole(row: ContactSubmission, person: ContactPerson, files: list[Attachment], caller: Principal) -> dict[str, Any]:
    said = {name: getattr(person, name) for name in ("name", "email", "agency", "subject", "message", "reply")}
    moves = allowed_moves(row.status, row.kind, staff=caller.staff)
    return {**_brief(row), **said, "attachments": [_file(one) for one in files], "allowed_actions": moves}


def _brief(row: ContactSubmission) -> dict[str, Any]:
    names = ("id", "reference", "kind", "status", "topic", "received_at", "decided_at")
    return {**{name: getattr(row, name) for name in names}, "href": f"{PATH}/{row.id}"}


def _file(one: Attachment) -> dict[str, Any]:
    names = ("id", "filename", "media_type", "status", "size_bytes", "sha256")
    href = f"{PATH}/{one.submission_id}/attachments/{one.id}"
    return {**{name: getattr(one, name) for name in names}, "href": href}
