"""A sample of every letter: what the preview shows, what the golden tests keep, and what a lookup must give.

The details of each kind are the contract between the feature that owes the letter and its templates: the same keys,
the same types. An instant is an aware datetime, words of people are plain text, a list may be empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from app.core.letters import Facts
from app.core.notices import Recipient

RECEIVED = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
DUE = datetime(2026, 11, 25, 3, 30, tzinfo=UTC)
QUESTIONS = (
    "Did you get the help that you asked for?",
    "Did it come in time to be of use?",
    "What should we do better next time?",
)
"""The evaluation, as the requester reads it."""
_ID = "0199ab00-0000-7000-8000-000000000001"
_SITE = "https://toolkit.example/v1/learning-sites/madison-police-department"

_LATE = {"promise": "confirmation", "due_at": DUE, "new_due_at": None, "standing": "waiting"}

_REQUEST: dict[str, dict[str, Any]] = {
    "receipt": {
        "status": "submitted",
        "received_at": RECEIVED,
        "due_at": DUE,
        "summary": [
            ("Topics", "CIT Training; Partnership Agreements and Information Sharing"),
            ("Kind", "Visit a learning site"),
            ("Learning sites", "Madison Police Department"),
        ],
    },
    "confirmation": {
        "status": "confirmed",
        "due_at": DUE,
        "confirmed_at": datetime(2026, 11, 24, 14, 5, tzinfo=UTC),
        "helper": "Maria Lopez from our desk. She has helped agencies of your size to begin co-response.",
        "next_step": "Maria will call you this week.\n\nPlease have your call figures for the last year at hand.",
        "match_due_at": datetime(2026, 12, 8, 14, 5, tzinfo=UTC),
    },
    "question": {
        "status": "needs_information",
        "asked_at": datetime(2026, 11, 24, 16, 0, tzinfo=UTC),
        "question": "How many officers would take part?\nAnd who is your mental health partner?",
        "stands_still": True,
    },
    "message": {
        "status": "in_review",
        "written_at": datetime(2026, 11, 24, 16, 0, tzinfo=UTC),
        "message": "We spoke with Madison today. They would be glad to have you <before> the summer.",
    },
    "match": {
        "status": "matched",
        "sites": [{"name": "Madison Police Department, Madison, Wisconsin", "url": _SITE}],
        "reasons": ["A city of your size", "Long practice with what you asked about: follow-up by officers"],
        "next_step": "Maria writes to you and to Madison tomorrow, so that you know each other.",
    },
    "schedule": {
        "status": "scheduled",
        "starts_at": datetime(2027, 3, 16, 14, 0, tzinfo=UTC),
        "ends_at": datetime(2027, 3, 17, 20, 0, tzinfo=UTC),
        "plan": [("How", "Site visit"), ("Where", "Madison Police Department, Madison, Wisconsin")],
        "note": "Please bring someone from your mental health partner.",
    },
    "delivery": {
        "status": "delivered",
        "delivered_at": datetime(2027, 3, 18, 15, 0, tzinfo=UTC),
        "note": "Two nights with the co-responder team.",
        "questions": list(QUESTIONS),
    },
    "change": {
        "status": "on_hold",
        "change": "hold",
        "changed_at": datetime(2026, 11, 26, 15, 0, tzinfo=UTC),
        "reason": "waiting_for_funds",
        "stands_still": True,
        "note": "The county decides on the grant in January.",
        "evaluated": False,
    },
    "decline": {
        "status": "declined",
        "reason": "You ask for money for equipment. We can give training and advice, and nothing else.",
    },
    "referral": {
        "status": "referred",
        "referred_to": "BJA National Training and Technical Assistance Center",
        "referred_url": "https://bjatta.bja.ojp.gov/",
        "reason": "Your question is about courts, and they have people who know courts.",
    },
    "withdrawal": {
        "status": "withdrawn",
        "withdrawn_at": datetime(2026, 11, 24, 16, 0, tzinfo=UTC),
        "by_staff": False,
        "reason": None,
    },
    "breach": {"status": "submitted", **_LATE},
    "apology": {
        "status": "submitted",
        "promise": "confirmation",
        "due_at": DUE,
        "met_at": None,
        "new_due_at": datetime(2026, 11, 25, 18, 0, tzinfo=UTC),
        "message": "Two of us were ill on the same day. That must not cost you the answer: I read your request now.",
    },
    "unacknowledged": {"status": "confirmed", "confirmed_at": datetime(2026, 11, 24, 14, 5, tzinfo=UTC)},
    "answer": {
        "status": "in_review",
        "answered_at": datetime(2026, 11, 25, 16, 0, tzinfo=UTC),
        "question": True,
        "runs": True,
    },
    "escalation": {"status": "submitted", "step": 90, "received_at": RECEIVED, "assignee": None, **_LATE},
    "arrived": {"status": "submitted", "received_at": RECEIVED, "due_at": DUE},
    "withdrawn": {"status": "withdrawn", "withdrawn_at": datetime(2026, 11, 24, 16, 0, tzinfo=UTC)},
    "unreached": {"status": "confirmed", "confirmed_at": datetime(2026, 11, 24, 14, 5, tzinfo=UTC)},
}
TO_STAFF = frozenset(("tta.answer", "tta.arrived", "tta.escalation", "tta.unreached", "tta.withdrawn"))


@dataclass(frozen=True, slots=True)
class Sample:
    """A letter as it could be."""

    kind: str
    facts: Facts
    recipient: Recipient


def request_facts(step: str, /, **changes: Any) -> Facts:
    """What a letter about a request is told."""
    staff = f"tta.{step}" in TO_STAFF
    return Facts(
        address=None if staff else "jo.doe@springfield.example",
        name=None if staff else "Jo Doe",
        reference="TTA-2026-7Q4M2K",
        path=f"/v1/tta-requests/{_ID}",
        state="IL",
        details={"agency": "Springfield Police Department", "partner": None, **_REQUEST[step], **changes},
    )


def _samples() -> dict[str, Sample]:
    made = {}
    for step in _REQUEST:
        kind = f"tta.{step}"
        recipient = Recipient.STAFF if kind in TO_STAFF else Recipient.REQUESTER
        made[kind] = Sample(kind, request_facts(step), recipient)
    endpoint = Facts(
        address="it@partner.example",
        name="Springfield CAD",
        reference='"dispatch system"',
        path=f"/v1/webhook-endpoints/{_ID}",
        details={"reason": "failing", "disabled_at": RECEIVED},
    )
    made["webhook.disabled"] = Sample("webhook.disabled", endpoint, Recipient.PARTNER)
    trial = Facts(address=None, name=None, reference="", path="/")
    made["mail.trial"] = Sample("mail.trial", trial, Recipient.STAFF)
    made["contact.receipt"] = contact_sample("contact.receipt")
    made["contact.arrived"] = contact_sample("contact.arrived")
    made["contact.answer"] = contact_sample("contact.answer", status="accepted", action="accept", reply=_REPLY)
    return made


_SENT = {"submission": "policy", "status": "received", "received_at": RECEIVED, "action": None, "reply": None}
_REPLY = "This helps many agencies.\n\nPlease send the version that your chief signed."


def contact_sample(letter: str, /, **changes: Any) -> Sample:
    """A letter about something sent to the editors."""
    staff = letter == "contact.arrived"
    facts = Facts(
        address=None if staff else "jo.doe@springfield.example",
        name=None if staff else "Jo Doe",
        reference="PMHC-2026-7K3Q-F9XA",
        path=f"/v1/contact-submissions/{_ID}",
        details={**_SENT, **changes},
    )
    return Sample(letter, facts, Recipient.STAFF if staff else Recipient.REQUESTER)


SAMPLES: Mapping[str, Sample] = MappingProxyType(_samples())
"""By kind."""
