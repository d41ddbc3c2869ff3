"""What letters about requests say: read from the one place for personal data at the moment they are written.

The keys of the details are the contract with the mail room's templates (`app/mail/samples.py`). A letter may be written
long after its cause: what it tells of the row as it was then comes from the notice, where that holds no personal data.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Owner
from app.core.letters import Facts
from app.core.notices import Notice, Recipient
from app.editions.models import Revision
from app.tta.drawing import label
from app.tta.models import TTARequest
from app.tta.personal import Contact, Message
from app.tta.sla import PromiseName
from app.tta.states import CENTERS, ENDS, By, Letter, Status
from app.tta.telling import matched_sites

EVALUATION = (
    "Did you get the help that you asked for?",
    "Did it come in time to be of use?",
    "What should we do better next time?",
)
"""The three questions; `evaluate` takes their answers as `helped`, `in_time` and `better`."""


Words = Mapping[str, str]
Names = Mapping[str, str]
"""Slug → title."""
Details = Callable[[TTARequest, Notice, Words, Names], dict[str, Any]]


async def letter_facts(session: AsyncSession, notice: Notice) -> Facts | None:
    """Everything that one letter about a request needs; None when the request is gone."""
    request = await session.get(TTARequest, notice.subject_id)
    if request is None:
        return None
    contact = await session.get(Contact, request.id)
    said: Mapping[str, Any] = contact.said if contact else {}
    message = await _message(session, notice)
    names = await _titles(session, request, notice) if notice.kind in {Letter.RECEIPT, Letter.SCHEDULE} else {}
    details = {
        "agency": request.agency_name,
        "partner": await _partner(session, request),
        "status": request.status.value,
        **_DETAILS[Letter(notice.kind)](request, notice, message, names),
    }
    if notice.kind == Letter.ESCALATION:
        details["assignee"] = await _name(session, request.assignee_id)
    to_staff = notice.recipient is Recipient.STAFF
    person = said.get("contact", {})
    if notice.recipient is Recipient.PARTNER:
        person = await _people_of(session, request)
    return Facts(
        address=None if to_staff else person.get("email"),
        name=None if to_staff else person.get("name"),
        reference=request.reference,
        path=f"/v1/tta-requests/{request.id}",
        owner_id=request.owner_id,
        state=request.state,
        details=details,
    )


async def _message(session: AsyncSession, notice: Notice) -> Mapping[str, str]:
    event_id = notice.data.get("event_id")
    if event_id is None:
        return {}
    found = await session.scalar(select(Message).where(Message.event_id == UUID(event_id)))
    return found.words if found else {}


async def _partner(session: AsyncSession, request: TTARequest) -> str | None:
    return await _name(session, request.owner_id)


async def _people_of(session: AsyncSession, request: TTARequest) -> Mapping[str, str | None]:
    owner = await session.get(Owner, request.owner_id) if request.owner_id else None
    return {"email": owner.contact_email, "name": owner.name} if owner else {}


async def _name(session: AsyncSession, owner_id: UUID | None) -> str | None:
    return await session.scalar(select(Owner.name).where(Owner.id == owner_id)) if owner_id else None


async def _titles(session: AsyncSession, request: TTARequest, notice: Notice) -> Names:
    """What is named by slug, by the title under which it is published; one that was retired keeps its last title."""
    planned = (notice.data.get("scheduled", request.scheduled) or {}).get("site")
    wanted = {
        "topic": request.asked["topics"],
        "program-type": request.asked["program_types"],
        "learning-site": [*request.asked["learning_sites"], *([planned] if planned else [])],
    }
    named = [and_(Revision.kind == kind, Revision.slug.in_(slugs)) for kind, slugs in wanted.items() if slugs]
    if not named:
        return {}
    rows = select(Revision.slug, Revision.document).where(or_(*named), Revision.document.is_not(None))
    return {
        row.slug: json.loads(row.document)["title"] for row in await session.execute(rows.order_by(Revision.edition))
    }


def _receipt(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    asked = request.asked
    summary = [
        ("Kind", label(asked["kind"]) if asked["kind"] else ""),
        ("Topics", _listed(asked["topics"], names)),
        ("Program types", _listed(asked["program_types"], names)),
        ("Learning sites", _listed(asked["learning_sites"], names)),
        ("Delivery", "; ".join(label(mode) for mode in asked["delivery_modes"])),
    ]
    return {
        "status": Status.SUBMITTED.value,
        "received_at": request.received_at,
        "due_at": request.due_at,
        "summary": [(name, told) for name, told in summary if told],
    }


def _listed(slugs: list[str], names: Names) -> str:
    return "; ".join(names.get(slug, slug) for slug in slugs)


def _confirmation(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    return {
        "status": Status.CONFIRMED.value,
        "due_at": request.due_at,
        "confirmed_at": notice.queued_at,
        "helper": words.get("helper", ""),
        "next_step": words.get("next_step", ""),
        "match_due_at": request.match_due_at,
    }


def _question(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    return {
        "status": Status.NEEDS_INFORMATION.value,
        "asked_at": notice.queued_at,
        "question": words.get("question", ""),
        "stands_still": notice.data.get("stands_still", True),
    }


def _answer(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    return {"answered_at": notice.queued_at, "question": "answer" in words, "runs": notice.data.get("runs", True)}


def _message_details(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    return {"written_at": notice.queued_at, "message": words.get("words", "")}


def _match(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    sites = notice.data["sites"] if "sites" in notice.data else matched_sites(request)
    reasons = [reason for site in sites for reason in site["reasons"]]
    named = [{"name": site["title"], "url": site["href"]} for site in sites]
    provider = [{"name": words["provider"], "url": None}] if "provider" in words else []
    return {
        "status": Status.MATCHED.value,
        "sites": named + provider,
        "reasons": list(dict.fromkeys(reasons)),
        "next_step": words.get("next_step", ""),
    }


def _schedule(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    planned = notice.data.get("scheduled", request.scheduled) or {}
    plan = [
        ("How", label(planned["mode"]) if planned.get("mode") else ""),
        ("With", _listed([planned["site"]], names) if planned.get("site") else ""),
        ("Where", words.get("place", "")),
    ]
    return {
        "status": Status.SCHEDULED.value,
        "starts_at": _instant(planned.get("starts_at")),
        "ends_at": _instant(planned.get("ends_at")),
        "plan": [(name, told) for name, told in plan if told],
        "note": words.get("note"),
    }


def _delivery(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    return {
        "status": Status.DELIVERED.value,
        "delivered_at": notice.queued_at,
        "note": words.get("note"),
        "questions": list(EVALUATION),
    }


def _change(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    change = notice.data["change"]
    return {
        "change": change,
        "changed_at": notice.queued_at,
        "reason": notice.data.get("reason"),
        "stands_still": notice.data.get("stands_still", False),
        "note": words.get("note"),
        "evaluated": request.evaluated_at is not None,
    }


def _decline(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    return {"status": Status.DECLINED.value, "reason": words.get("explanation", "")}


def _referral(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    center, url = CENTERS.get(request.reason or "other", CENTERS["other"])
    return {
        "status": Status.REFERRED.value,
        "referred_to": center,
        "referred_url": url,
        "reason": words.get("explanation", ""),
    }


def _withdrawal(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    return {
        "status": Status.WITHDRAWN.value,
        "withdrawn_at": notice.queued_at,
        "by_staff": notice.data.get("by") == By.STAFF,
        "reason": words.get("note"),
    }


def _breach(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    return _late(request, notice)


def _late(request: TTARequest, notice: Notice) -> dict[str, Any]:
    """Which promise was broken, and how the request stands when the letter is written: it may be long after."""
    promise = PromiseName(notice.data.get("promise", PromiseName.CONFIRMATION))
    clock = request.match if promise is PromiseName.MATCH else request.confirmation
    ended = request.status in ENDS
    return {
        "promise": promise.value,
        "due_at": _instant(notice.data.get("due_at")) or request.due_at,
        "new_due_at": _instant(notice.data.get("new_due_at")),
        "standing": "ended" if ended else "met" if clock is not None and clock.met_at else "waiting",
    }


def _unacknowledged(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    return {"confirmed_at": request.met_at}


def _unreached(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    return {"confirmed_at": _instant(notice.data["confirmed_at"])}


def _arrived(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    return {"received_at": request.received_at, "due_at": request.due_at}


def _withdrawn(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    return {"withdrawn_at": notice.queued_at}


def _apology(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    return {
        "promise": notice.data.get("promise", PromiseName.CONFIRMATION.value),
        "due_at": _instant(notice.data.get("due_at")) or request.due_at,
        "met_at": _instant(notice.data.get("met_at")),
        "new_due_at": _instant(notice.data.get("new_due_at")),
        "message": words.get("message", ""),
    }


def _escalation(request: TTARequest, notice: Notice, words: Words, names: Names) -> dict[str, Any]:
    return {"step": notice.data["step"], "received_at": request.received_at, **_late(request, notice)}


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


_DETAILS: Mapping[Letter, Details] = MappingProxyType({
    Letter.RECEIPT: _receipt,
    Letter.CONFIRMATION: _confirmation,
    Letter.QUESTION: _question,
    Letter.ANSWER: _answer,
    Letter.MESSAGE: _message_details,
    Letter.MATCH: _match,
    Letter.SCHEDULE: _schedule,
    Letter.CHANGE: _change,
    Letter.DELIVERY: _delivery,
    Letter.DECLINE: _decline,
    Letter.REFERRAL: _referral,
    Letter.WITHDRAWAL: _withdrawal,
    Letter.BREACH: _breach,
    Letter.APOLOGY: _apology,
    Letter.UNACKNOWLEDGED: _unacknowledged,
    Letter.ESCALATION: _escalation,
    Letter.ARRIVED: _arrived,
    Letter.WITHDRAWN: _withdrawn,
    Letter.UNREACHED: _unreached,
})  # fmt: skip
