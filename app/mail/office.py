"""What one installation knows about its letters, read from the settings once; and how a notice becomes a letter."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address

import structlog
from jinja2 import TemplateError, UndefinedError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.letters import Facts, Lookup
from app.core.mailbox import BadAddress, Folder, mail_target, mailbox, sender_mailbox
from app.core.notices import Notice, Recipient
from app.core.settings import Settings
from app.mail.message import Envelope
from app.mail.render import Place, UnknownKind, Words, render
from app.mail.sender import Unsent

log = structlog.get_logger()
Lookups = Mapping[str, Lookup]
"""Type of subject → how its facts are found."""
UNNAMED_DESK = "desk@localhost"
"""The desk's address where none is set and letters are only kept."""


@dataclass(frozen=True, slots=True)
class Office:
    """Who writes, who is written to as the desk, and where this installation is reached."""

    sender: Address
    desk: Address | None
    """Where letters to staff go."""
    reply_to: Address | None
    place: Place


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that can go."""

    envelope: Envelope
    words: Words


def open_office(settings: Settings) -> Office:
    """Read the settings."""
    shown = "localhost" if settings.host in {"127.0.0.1", "0.0.0.0"} else settings.host  # noqa: S104
    base_url = settings.public_url.rstrip("/") or f"http://{shown}:{settings.port}"
    answers = sender_mailbox(settings.staff_mail) if settings.staff_mail else None
    kept = isinstance(mail_target(settings.mail_url.get_secret_value()), Folder)
    desk = mailbox(UNNAMED_DESK) if answers is None and kept else answers
    return Office(sender_mailbox(settings.mail_from), desk, answers, Place(base_url, answers is not None))


async def find(session: AsyncSession, notice: Notice, lookups: Lookups) -> Facts:
    """Read what the letter will say, or say why there will be none."""
    lookup = lookups.get(notice.subject_type)
    if lookup is None:
        # Perhaps a newer version owes it and runs beside this one: later.
        raise Unsent("unknown-subject")
    facts = await lookup(session, notice)
    if facts is None:
        raise Unsent("subject-gone", for_good=True)
    return facts


def write(office: Office, notice: Notice, facts: Facts) -> Letter:
    """Write a letter from its facts, or say why it cannot be written."""
    sandbox = notice.world_id is not None
    to = _addressed(office, notice, facts, sandbox=sandbox)
    try:
        words = render(notice.kind, facts, office.place, notice.recipient, sandbox=sandbox)
    except UnknownKind:
        raise Unsent("unknown-kind") from None
    except (TemplateError, TypeError, ValueError, KeyError) as error:
        # A fault of ours; the next version may write it. What is missing has a name of ours; other messages may quote.
        missing = str(error) if isinstance(error, UndefinedError) else None
        log.error("mail.unwritable", kind=notice.kind, cause=type(error).__name__, missing=missing)  # noqa: TRY400
        raise Unsent("template") from error
    reply_to = office.reply_to if notice.recipient is not Recipient.STAFF else None
    return Letter(Envelope(notice.id, notice.subject_id, office.sender, to, reply_to), words)


def _addressed(office: Office, notice: Notice, facts: Facts, *, sandbox: bool) -> Address:
    staff = notice.recipient is Recipient.STAFF
    if facts.address is None and staff and office.desk is not None:
        return office.desk
    address = facts.address or (f"{notice.recipient}@localhost" if sandbox else None)
    if address is None:
        # The desk's address can still be set; a requester's will not come.
        raise Unsent("no-address", for_good=not staff)
    try:
        return mailbox(address, facts.name)
    except BadAddress:
        raise Unsent("bad-address", for_good=True) from None
