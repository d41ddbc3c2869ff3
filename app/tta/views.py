"""How requests are shown: rows become answers. What a viewer may not see is not read, or is left out here."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.notices import Notice
from app.core.work import Event
from app.tta.drawing import join
from app.tta.models import TTARequest
from app.tta.moves import allowed_actions
from app.tta.personal import Contact, Message
from app.tta.queries import Viewer, names_of, words_of
from app.tta.sla import PromiseName, shown
from app.tta.states import STAFF_FACTS, By

Names = Mapping[UUID, str]


async def staff_names(session: AsyncSession, viewer: Viewer, owners: Iterable[UUID | None]) -> Names:
    """The names of who is mentioned; staff alone are told. One statement, or none."""
    wanted = {owner for owner in owners if owner is not None}
    if viewer.by is not By.STAFF or not wanted:
        return {}
    return {row.id: row.name for row in await session.execute(names_of(wanted))}


def brief(viewer: Viewer, request: TTARequest, now: datetime, names: Names) -> dict[str, Any]:
    """A request in a list."""
    return {
        "id": request.id,
        "reference": request.reference,
        "href": f"/v1/tta-requests/{request.id}",
        "status": request.status,
        "external_ref": request.external_ref,
        "owner_id": request.owner_id,
        "received_at": request.received_at,
        "updated_at": request.updated_at,
        "clock": confirmation(request, now),
        "agency": {"name": request.agency_name, "type": request.agency_type, "state": request.state},
        "kind": request.asked["kind"],
        "topics": request.asked["topics"],
        "in_hand": in_hand(viewer, request, now, names),
    }


def confirmation(request: TTARequest, now: datetime) -> dict[str, Any]:
    """The promise of 36 hours."""
    return shown(PromiseName.CONFIRMATION, request.confirmation, now, request.renewed_due_at)


def in_hand(viewer: Viewer, request: TTARequest, now: datetime, names: Names) -> dict[str, Any] | None:
    """Who has it, for staff; a claim that has run out is nobody's, noted or not."""
    over = request.leased_until is not None and request.leased_until < now
    if viewer.by is not By.STAFF or request.assignee_id is None or over:
        return None
    return {
        "assignee_id": request.assignee_id,
        "assignee": names.get(request.assignee_id),
        "leased_until": request.leased_until,
    }


def whole(
    viewer: Viewer, request: TTARequest, contact: Contact | None, now: datetime, names: Names
) -> dict[str, Any]:  # fmt: skip
    """A request, with what was asked."""
    match = request.match
    return {
        **brief(viewer, request, now, names),
        "form_version": request.form_version,
        "request": join(request.asked, contact.said if contact else {}) | {"external_ref": request.external_ref},
        "promises": [
            confirmation(request, now),
            *([shown(PromiseName.MATCH, match, now, request.match_renewed_due_at)] if match else []),
        ],
        "reason": request.reason,
        "matched": request.matched,
        "scheduled": request.scheduled,
        "evaluated_at": request.evaluated_at,
        "body_sha256": request.digest,
        "receipt": request.receipt,
        "confirmation_receipt": request.confirmation_receipt,
        "allowed_actions": allowed_actions(viewer, request, now),
    }


async def timeline(
    session: AsyncSession, viewer: Viewer, events: Sequence[Event], notices: Sequence[Notice]
) -> list[dict[str, Any]]:
    """What happened, oldest first: facts with what was written, and letters."""
    staff = viewer.by is By.STAFF
    found = await session.scalars(words_of([event.id for event in events], staff=staff)) if events else ()
    words = {message.event_id: message for message in found}
    names = await staff_names(session, viewer, (_owner(event.actor) for event in events))
    entries = [_fact(event, words.get(event.id), names, staff=staff) for event in events]
    entries += [_letter(notice) for notice in notices]
    return sorted(entries, key=lambda entry: (entry["at"], entry["id"].int))


def _fact(event: Event, message: Message | None, names: Names, *, staff: bool) -> dict[str, Any]:
    by = _by(event.actor)
    owner = _owner(event.actor)
    return {
        "id": event.id,
        "at": event.at,
        "type": event.type,
        "by": by,
        "actor": names.get(owner) if owner else None,
        "status_before": event.data.get("status_before"),
        "status": event.data.get("status"),
        "reason": event.data.get("reason"),
        "words": message.words if message else None,
        "internal": staff and event.type in STAFF_FACTS,
        "notice": None,
        "data": dict(sorted(event.data.items())),
    }


def _letter(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "at": notice.queued_at,
        "type": "notice",
        "by": "system",
        "actor": None,
        "status_before": None,
        "status": None,
        "reason": None,
        "words": None,
        "internal": notice.recipient == "staff",
        "notice": {
            "kind": notice.kind,
            "recipient": notice.recipient.value,
            "status": notice.status,
            "settled_at": notice.settled_at,
        },
        "data": {},
    }


def _by(actor: str) -> str:
    kind = actor.partition(":")[0]
    return {"staff": "staff", "partner": "requester", "anonymous": "requester"}.get(kind, "system")


def _owner(actor: str) -> UUID | None:
    name = actor.partition(":")[2]
    return UUID(name) if name else None
