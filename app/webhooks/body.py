"""The one body of an event: the same bytes in a webhook, in the feed and on the stream."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from app.core.clock import rfc3339
from app.core.web import Out
from app.core.words import Instant
from app.core.work import Event

EXAMPLES = Path(__file__).with_name("examples.json")
"""For each type of event the body of one that happened: `python -m tests.webhooks.examples` lets them happen."""
HREFS = {
    "tta_request": "/v1/tta-requests/{}",
    "contact_submission": "/v1/contact-submissions/{}",
    "webhook_endpoint": "/v1/webhook-endpoints/{}",
    "key": "/v1/keys/{}",
}
"""Where the subject of an event is served."""


class Subject(Out):
    """What an event is about."""

    type: str
    id: str
    href: str | None


class EventOut(Out):
    """A fact that concerns you."""

    id: str = Field(description="The same on every attempt and every way; `webhook-id` is this.")
    type: str
    occurred_at: Instant
    sequence: int = Field(description="Place in the one order that all readers see. It only grows; there are gaps.")
    subject: Subject
    data: dict[str, Any] = Field(description="Thin; its shape is that of the type, see `/v1/event-types`.")


def body_of(event: Event) -> bytes:
    """An event as everybody reads it."""
    href = HREFS.get(event.subject_type)
    told = {
        "id": str(event.id),
        "type": event.type,
        "occurred_at": rfc3339(event.at),
        "sequence": event.position,
        "subject": {
            "type": event.subject_type,
            "id": event.subject_id,
            "href": href.format(event.subject_id) if href else None,
        },
        "data": event.data,
    }
    return encode_json(told)


@cache
def examples() -> dict[str, dict[str, Any]]:
    """The examples, by type."""
    loaded: dict[str, dict[str, Any]] = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return loaded


def encode_json(value: Any) -> bytes:
    """JSON with sorted keys, because PostgreSQL's JSONB does not keep the order in which they were written."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
