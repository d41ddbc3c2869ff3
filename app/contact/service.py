"""What happens to submissions. Each function changes rows and records why, in the transaction of its `Work`."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import Select, false, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Kind as Who
from app.access.principal import Principal
from app.contact.files import SANDBOXES
from app.contact.models import Attachment, AttachmentStatus, ContactPerson, ContactSubmission
from app.contact.schemas import CANNOT_SHARE, MoveIn, SubmissionIn
from app.contact.sniff import FILE_LIMIT, Judged, WrongContent
from app.contact.states import TAKES_FILES, TOLD, Action, Kind, Status, allowed, step
from app.core.errors import Conflict, ContentTooLarge, Invalid, NotFound, sandbox_gone
from app.core.facts import Data, define
from app.core.ids import new_id
from app.core.notices import Recipient, notify
from app.core.sandboxes import SUBMISSIONS_MOST, SandboxFull, hold
from app.core.work import Moment, Work

SUBJECT = "contact_submission"
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
HIDDEN = "There is no such submission, or it is not yours to see."


class SubmissionData(Data):
    """A submission and where it stands."""

    reference: str
    kind: Kind
    status_before: Status | None
    status: Status


class AttachmentData(Data):
    """A file that came."""

    reference: str
    attachment_id: str
    sha256: str = Field(description="Of its bytes, in hexadecimal.")


define("contact.submitted", "A question, policy or training material was received.", SubmissionData)
define("contact.review_started", "Somebody began to review it.", SubmissionData)
define("contact.answered", "A question was answered.", SubmissionData)
define("contact.accepted", "Material was accepted; an editor decides what comes of it.", SubmissionData)
define("contact.returned", "Material was returned with what to change.", SubmissionData)
define("contact.declined", "It was declined, with the reason.", SubmissionData)
define("contact.closed", "A question is settled.", SubmissionData)
define("contact.withdrawn", "The sender took it back.", SubmissionData)
define("contact.attachment_stored", "The bytes of an attachment came.", AttachmentData)


class AttachmentStored(Conflict):
    """The attachment has other bytes already. Announce another one in a new submission."""

    title = "The attachment is there already"


class AttachmentAwaited(Conflict):
    """Material is accepted as a whole, and an announced attachment has not come. Return it to the sender with words,
    or wait."""

    title = "An attachment has not come"


class TooLateForFiles(Conflict):
    """The submission was decided, so it takes no files any more. Send a new submission."""

    title = "The submission takes no files any more"


def token_of(secret: str, submission_id: UUID) -> str:
    """The secret that opens an anonymous submission: made from its id, so a repeated answer can show it again."""
    mac = hmac.digest(secret.encode(), f"contact status token\n{submission_id}".encode(), "sha256")
    return "cst_" + mac.hex()


def digest(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def visible_to(caller: Principal, token: str | None) -> Select[ContactSubmission]:
    """The only way to a submission: staff all of their world, a partner its own, a token its one."""
    R = ContactSubmission  # noqa: N806 - stands for the table in what follows
    here = R.world_id.is_(None) if caller.world_id is None else R.world_id == caller.world_id
    there = select(R).where(here)
    if caller.kind is Who.STAFF:
        return there
    if caller.kind is Who.PARTNER:
        return there.where(R.owner_id == caller.owner_id)
    return there.where(R.owner_id.is_(None), R.token_digest == digest(token)) if token else there.where(false())


async def find(
    session: AsyncSession, caller: Principal, token: str | None, submission_id: UUID, *, lock: bool = False
) -> ContactSubmission:
    """One submission, or 404."""
    wanted = visible_to(caller, token).where(ContactSubmission.id == submission_id)
    found: ContactSubmission | None = await session.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise NotFound(HIDDEN)
    return found


def faults_of(asked: SubmissionIn, topics: Sequence[str]) -> list[dict[str, str]]:
    """What the model alone cannot know."""
    faults = []
    if asked.topic and asked.topic not in topics:
        faults.append({"pointer": "/topic", "detail": "No such topic; `GET /v1/topics?fields=slug` lists them."})
    if asked.kind is not Kind.QUESTION:
        if not asked.may_be_shared:
            faults.append({"pointer": "/may_be_shared", "detail": f"Please {CANNOT_SHARE}."})
        if not asked.nothing_personal:
            faults.append({"pointer": "/nothing_personal", "detail": "Please confirm that it holds nothing personal."})
    return faults


Submitted = tuple[ContactSubmission, ContactPerson, list[Attachment]]


def plan(moment: Moment, caller: Principal, asked: SubmissionIn, secret: str) -> Submitted:
    """The rows of a new submission, with the files it announces. Nothing is written yet."""
    id_ = new_id()
    partner = caller.owner_id if caller.kind is Who.PARTNER else None
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(8))
    row = ContactSubmission(
        id=id_, reference=f"PMHC-{moment.now.year}-{drawn[:4]}-{drawn[4:]}", world_id=moment.world_id, owner_id=partner,
        kind=asked.kind, status=Status.RECEIVED, topic=asked.topic, received_at=moment.now, decided_at=None,
        token_digest=digest(token_of(secret, id_)) if partner is None else None,
    )  # fmt: skip
    person = ContactPerson(
        submission_id=id_, name=asked.name, email=asked.email, agency=asked.agency, subject=asked.subject,
        message=asked.message, reply=None,
    )  # fmt: skip
    files = [
        Attachment(
            id=new_id(), submission_id=id_, filename=one.filename, media_type=one.media_type, sha256=one.sha256,
            size_bytes=None, status=AttachmentStatus.AWAITED, stored_at=None,
        )
        for one in asked.attachments
    ]  # fmt: skip
    return row, person, files


async def make_room(work: Work) -> None:
    """Refuse one submission too many for a sandbox; of several at once, each is counted by the next."""
    if work.world_id is None:
        return
    if not await hold(work.session, [work.world_id]):
        raise sandbox_gone()
    mine = select(func.count()).select_from(ContactSubmission).where(ContactSubmission.world_id == work.world_id)
    if (await work.session.scalar(mine) or 0) >= SUBMISSIONS_MOST:
        told = f"The sandbox holds {SUBMISSIONS_MOST} submissions, which is all that it may; make another sandbox."
        raise SandboxFull(told, limit=SUBMISSIONS_MOST)


async def keep(work: Work, submitted: Submitted) -> None:
    """Write a new submission, the fact of it, and the letters that are owed for it."""
    row, person, files = submitted
    work.session.add(row)
    await work.session.flush()  # the others point to it
    work.session.add_all([person, *files])
    _record(work, "contact.submitted", row, None)
    notify(work, "contact.receipt", SUBJECT, row.id, Recipient.REQUESTER)
    notify(work, "contact.arrived", SUBJECT, row.id, Recipient.STAFF)


async def act(
    work: Work, caller: Principal, token: str | None, submission_id: UUID, asked: MoveIn
) -> ContactSubmission:
    """Move a submission one step along its life."""
    row = await find(work.session, caller, token, submission_id, lock=True)
    after, fact = step(row.status, row.kind, asked.action, staff=caller.staff)
    if asked.action in TOLD and not asked.words:
        raise Invalid([{"pointer": "/words", "detail": f"Say something to the sender to {asked.action} it."}])
    if asked.words and asked.action not in TOLD:  # they would reach nobody, and an answer given before would be lost
        raise Invalid([{"pointer": "/words", "detail": f"Nobody is sent words when you {asked.action} it; leave out."}])
    if asked.action is Action.ACCEPT and (missing := await _awaited(work.session, row)):
        raise AttachmentAwaited(f"{missing} announced attachments have not come yet: return it, or wait for them.")
    before, row.status = row.status, after
    if not allowed(after, row.kind, staff=True):
        row.decided_at = work.now
    if asked.words:
        person = await work.session.get_one(ContactPerson, row.id)
        person.reply = asked.words
    _record(work, fact, row, before)
    if asked.action in TOLD:
        notify(work, "contact.answer", SUBJECT, row.id, Recipient.REQUESTER, action=asked.action.value)
    return row


def check_size(content: bytes) -> None:
    """Refuse what is too much, or nothing."""
    if len(content) > FILE_LIMIT:
        raise ContentTooLarge(f"An attachment may have {FILE_LIMIT} bytes.", limit_bytes=FILE_LIMIT)
    if not content:
        raise Invalid([{"pointer": "", "detail": "Send the bytes of the file as the body."}])


def check_content(row: ContactSubmission, attachment: Attachment, found: Judged, declared: str | None) -> None:
    """Refuse bytes that are not what was announced, and new ones for what was decided."""
    if attachment.status is AttachmentStatus.AWAITED and row.status not in TAKES_FILES:
        raise TooLateForFiles(f"It is {row.status}; send a new submission with the file.")
    if found.media_type != attachment.media_type or (declared and declared != attachment.media_type):
        told = found.media_type or "something that is not taken"
        raise WrongContent(f"It was announced as {attachment.media_type}, and its content is {told}.")
    if attachment.status is AttachmentStatus.STORED and attachment.sha256 != found.sha256:
        raise AttachmentStored("The attachment is stored with other bytes.")
    if attachment.sha256 not in (None, found.sha256):
        raise Invalid([{"pointer": "", "detail": "The bytes do not have the SHA-256 that was announced."}])


def stored(work: Work, row: ContactSubmission, attachment: Attachment, found: Judged) -> None:
    """Note that the bytes are kept."""
    if attachment.status is AttachmentStatus.STORED:
        return
    attachment.status, attachment.stored_at = AttachmentStatus.STORED, work.now
    attachment.size_bytes, attachment.sha256 = found.size, found.sha256
    work.record(
        "contact.attachment_stored", SUBJECT, row.id, owner_id=row.owner_id,
        reference=row.reference, attachment_id=str(attachment.id), sha256=found.sha256,
    )  # fmt: skip


def file_key(row: ContactSubmission, attachment: Attachment, sha256: str | None) -> str:
    """Where its bytes are kept: those of a sandbox apart, so that they can go with it.

    The digest is part of it, so of two that send different bytes at once neither writes over the other's. Without
    one: where a file was kept before keys had it.
    """
    own = f"{row.id}/{attachment.id}" + (f".{sha256}" if sha256 else "")
    return own if row.world_id is None else f"{SANDBOXES}/{row.world_id}/{own}"


async def _awaited(session: AsyncSession, row: ContactSubmission) -> int:
    """How many files were announced and did not come."""
    still = (Attachment.submission_id == row.id, Attachment.status == AttachmentStatus.AWAITED)
    return await session.scalar(select(func.count()).select_from(Attachment).where(*still)) or 0


def _record(work: Work, type_: str, row: ContactSubmission, before: Status | None) -> Any:
    return work.record(
        type_, SUBJECT, row.id, owner_id=row.owner_id,
        reference=row.reference, kind=row.kind.value, status_before=before and before.value, status=row.status.value,
    )  # fmt: skip
