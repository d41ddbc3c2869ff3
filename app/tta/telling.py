"""Telling: the fact, the words that go with it, and the letter that is owed, all in one transaction.

What people wrote goes to `personal.py`'s tables, codes and times go into the event, and a notice names only the event
whose words the letter will say.
"""

from typing import Any

from sqlalchemy import update

from app.core.facts import FACTS
from app.core.notices import Notice, NoticeStatus, Recipient, notify
from app.core.work import Event, Work
from app.tta.facts import SUBJECT
from app.tta.models import TTARequest
from app.tta.personal import Message
from app.tta.queries import Viewer
from app.tta.states import TO_STAFF, Action, Letter


def letter(work: Work, request: TTARequest, kind: Letter, event: Event, **data: Any) -> None:
    """Owe a letter about a fact."""
    recipient = Recipient.STAFF if kind in TO_STAFF else Recipient.REQUESTER
    notify(work, kind, SUBJECT, request.id, recipient, event_id=str(event.id), **data)


def letter_data(request: TTARequest, action: Action) -> dict[str, Any]:
    """What a letter about a move tells of the row, as it is now: the letter may be written after the next move.

    Codes, times, and what was published about learning sites; no personal data. A provider's name was typed by a
    person, so it stays with the words.
    """
    clock = request.match
    told: dict[str, Any] = {"reason": request.reason, "stands_still": clock is not None and clock.paused_at is not None}
    if action is Action.ANSWER:
        told["runs"] = clock is not None and not clock.stopped and clock.breached_at is None
    if action is Action.MATCH:
        told["sites"] = matched_sites(request)
    if action is Action.SCHEDULE:
        told["scheduled"] = request.scheduled
    return {"change": action.value, **told}


def matched_sites(request: TTARequest) -> list[dict[str, Any]]:
    """The sites, each with the reasons that weighed most."""
    return [
        {
            "title": site["title"],
            "href": site["href"],
            "reasons": [term["reason"] for term in site["terms"] if 2 * term["contribution"] > term["weight"]],
        }
        for site in (request.matched or {}).get("sites", [])
    ]


async def supersede(work: Work, request: TTARequest) -> None:
    """Nobody waits any more: what still urges the desk is not sent."""
    if not request.told and request.match_breached_at is None:
        return
    urging = update(Notice).where(
        Notice.subject_type == SUBJECT, Notice.subject_id == request.id, Notice.kind == Letter.ESCALATION,
        Notice.status == NoticeStatus.QUEUED,
    )  # fmt: skip
    done = urging.values(status=NoticeStatus.SUPERSEDED, settled_at=work.now, outcome="superseded")
    await work.session.execute(done)


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
