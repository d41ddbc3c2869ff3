"""Telling: the fact, the words that go with it, and the letter that is owed, all in one transaction.

What people wrote goes to `personal.py`'s tables, codes and times go into the event, and a notice names only the event
whose words the letter will say.
"""

from typing import Any

from app.core.facts import FACTS
from app.core.notices import Recipient, notify
from app.core.work import Event, Work
from app.tta.facts import SUBJECT
from app.tta.models import TTARequest
from app.tta.personal import Message
from app.tta.queries import Viewer
from app.tta.states import TO_STAFF, Letter


def letter(work: Work, request: TTARequest, kind: Letter, event: Event, **data: Any) -> None:
    """Owe a letter about a fact."""
    recipient = Recipient.STAFF if kind in TO_STAFF else Recipient.REQUESTER
    notify(work, kind, SUBJECT, request.id, recipient, event_id=str(event.id), **data)


def record(work: Work, request: TTARequest, fact: str, **data: Any) -> Event:
    """Record a fact; those of the desk reach no partner."""
    owner_id = request.owner_id if FACTS[fact].public else None
    return work.record(fact, SUBJECT, request.id, owner_id=owner_id, **data)


def write(
    work: Work, viewer: Viewer, request: TTARequest, event: Event, said: dict[str, str], *, internal: bool = False
) -> None:
    """Keep what a person wrote, in the one place for it."""
    work.session.add(
        Message(
            request_id=request.id,
            event_id=event.id,
            at=work.now,
            by=viewer.by,
            author_id=viewer.caller.owner_id,
            internal=internal,
            words=said,
        )
    )
