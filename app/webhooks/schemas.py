"""What comes in and goes out."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from app.core.web import In, Out
from app.core.words import Instant, Printable
from app.webhooks.body import EventOut
from app.webhooks.models import DeliveryStatus, EndpointStatus

ENDPOINTS_MAX = 50
"""Endpoints one partner may have."""
REDELIVER_MAX = 1_000
"""Deliveries one call may repeat."""
OVERLAP_HOURS = 24

# `x-event-type` tells `app.docs` to list the types there are; more may be defined after this module is read.
TypeName = Annotated[
    str,
    Field(
        max_length=80, pattern=r"^[a-z_]+(\.[a-z_]+)+$", examples=["tta.confirmed"],
        json_schema_extra={"x-event-type": True},
    ),
]  # fmt: skip
TypeNames = Annotated[list[TypeName], Field(max_length=100)]
Target = Annotated[
    str,
    Field(
        min_length=8, max_length=500, json_schema_extra={"format": "uri"}, examples=["https://partner.example/hooks"]
    ),
    Printable,
]


class CursorLinks(Out):
    """Where a list goes on."""

    self: str
    next: str | None
    prev: str | None


class EndpointIn(In):
    """A new endpoint."""

    url: Target = Field(description="Where to post; https, at a public address.")
    description: Annotated[str, Field(max_length=200), Printable] | None = Field(None, description="For yourself.")
    event_types: TypeNames = Field([], description="Only these types; every type where it is empty.")


class EndpointChange(In):
    """What to change of an endpoint; what is left out stays."""

    url: Target | None = None
    description: Annotated[str, Field(max_length=200), Printable] | None = None
    event_types: TypeNames | None = None
    status: EndpointStatus | None = Field(
        None,
        description="`paused` holds deliveries back; `disabled` wants none at all; `enabled` lets them go, also after "
        "we disabled it. Whichever you set, past failures are forgotten.",
    )


class EndpointOut(Out):
    """An endpoint."""

    id: UUID
    url: str
    description: str | None
    event_types: list[str]
    status: EndpointStatus
    disabled_reason: str | None
    created_at: Instant
    failing_since: Instant | None
    retry_at: Instant | None = Field(
        description="While it fails: when it is tried again. A test event, a repeated delivery or a new address has "
        "it tried at once."
    )
    previous_until: Instant | None = Field(description="Until when the secrets before the last rotation sign too.")


class EndpointMade(EndpointOut):
    """An endpoint with its secret, which is shown this once."""

    secret: str = Field(description="Signs every webhook (Standard Webhooks, `whsec_…`). Shown once; keep it now.")


class EndpointPage(Out):
    """Your endpoints, all of them."""

    items: list[EndpointOut]
    total: int
    links: CursorLinks


class RotateIn(In):
    """How a secret is replaced."""

    overlap_hours: int = Field(
        OVERLAP_HOURS, ge=0, le=168,
        description="How long the old secret signs beside the new; 0 ends every older one now, as after a leak.",
    )  # fmt: skip


class PingOut(Out):
    """A test event on its way."""

    event_id: UUID
    delivery_id: UUID


class AttemptOut(Out):
    """One try."""

    at: Instant
    duration_ms: int
    status_code: int | None
    outcome: str
    excerpt: str | None = Field(description="The beginning of what your endpoint answered.")


class DeliveryOut(Out):
    """One event for one endpoint."""

    id: UUID
    event_id: UUID
    event_type: str
    sequence: int | None
    endpoint_id: UUID
    status: DeliveryStatus
    created_at: Instant
    attempt_count: int
    next_attempt_at: Instant | None = Field(
        description="When it is tried next: not before the `retry_at` of its endpoint. Null once it is settled, and "
        "while its endpoint is paused or disabled."
    )
    settled_at: Instant | None
    attempts: list[AttemptOut] = Field(description="The last ten tries, newest first.")


class DeliveryPage(Out):
    """Deliveries, newest first."""

    items: list[DeliveryOut]
    total: int
    links: CursorLinks


class DeliveryQuery(In):
    """Which deliveries."""

    endpoint: UUID | None = Field(None, description="Of this endpoint.")
    status: DeliveryStatus | None = Field(None, description="Only those that stand here.")
    event: UUID | None = Field(None, description="Of this event.")
    before: UUID | None = Field(None, description="Only deliveries made before this one; `links.next` sets it.")
    limit: int = Field(50, ge=1, le=200, description="Items on a page.")


class RedeliverIn(In):
    """Which deliveries to repeat: by range of `sequence`, or all that failed."""

    endpoint_id: UUID
    after: int = Field(0, ge=0, le=2**53, description="Events after this sequence.")
    until: int | None = Field(None, ge=0, le=2**53, description="Up to and with this sequence.")
    failed_only: bool = Field(default=True, description="Only what failed; false repeats what was delivered too.")


class RedeliverOut(Out):
    """What is on its way again."""

    queued: int
    more: bool = Field(description=f"True where more than {REDELIVER_MAX} matched: call again with `after`.")
    last_sequence: int | None


class EventQuery(In):
    """Which events."""

    after: int = Field(0, ge=0, le=2**53, description="Events after this sequence; 0 from the oldest kept.")
    type: TypeName | None = Field(None, description="Only of this type.")
    limit: int = Field(50, ge=1, le=200, description="Items on a page.")


class EventPage(Out):
    """Events in the one order all readers see."""

    items: list[EventOut]
    total: int = Field(description="Events that match, after `after`.")
    next_after: int = Field(description="Ask again with `after` at this number.")
    links: CursorLinks


class EventTypeOut(Out):
    """One type of event."""

    type: str
    summary: str
    data_schema: dict[str, Any] = Field(description="JSON Schema of `data`.")
    example: dict[str, Any] = Field(description="The body of one that happened, as webhook, feed and stream give it.")


class EventTypePage(Out):
    """Every type of event that a partner is told of."""

    items: list[EventTypeOut]
    total: int
    links: CursorLinks
