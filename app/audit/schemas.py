"""What the audit trail shows, and how it is searched."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from app.core.web import In, Out
from app.core.words import Instant, Printable, When

LIMIT, LIMIT_MAX = 50, 200
Text = Annotated[str, Field(max_length=80), Printable]


class AuditQuery(In):
    """Which facts."""

    type: Text | None = Field(None, description="Only this type.", examples=["key.revoked"])
    subject_type: Text | None = Field(None, description="Only about this sort of thing.")
    subject_id: Text | None = Field(None, description="Only about this one.")
    actor: Text | None = Field(
        None, examples=["staff:0190b5a0-0000-7000-8000-000000000000", "anonymous", "cli"],
        description="Only by this one: `<kind>:<owner id>`, or `anonymous`, `system`, `worker`, `cli`.",
    )  # fmt: skip
    owner_id: UUID | None = Field(None, description="Only what concerns this owner.")
    request_id: Text | None = Field(None, description="Only what this request caused.")
    since: When | None = Field(None, description="Only at or after this instant.")
    until: When | None = Field(None, description="Only before this instant.")
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MAX, description="Items on a page.")
    before: UUID | None = Field(None, description="Only older than this one; `links.next` carries it.")


class Actor(Out):
    """Who."""

    kind: str = Field(description="`partner`, `staff`, `anonymous`, or the part of the program that acts by itself.")
    id: str | None = Field(description="The owner whose key was used.")


class AuditSubject(Out):
    """About what."""

    type: str
    id: str


class Change(Out):
    """What a field held, and holds now."""

    field: str
    old: Any
    new: Any


class AuditEntry(Out):
    """One fact."""

    id: UUID
    at: Instant
    type: str
    actor: Actor
    subject: AuditSubject
    owner_id: UUID | None = Field(description="Whom it concerns.")
    request_id: str | None = Field(description="The request that caused it; it is in our log.")
    sequence: int | None = Field(description="Its place in the order in which all was written; null for a moment.")
    changes: list[Change]
    data: dict[str, Any]


class AuditLinks(Out):
    """Links between pages; the walk goes one way."""

    self: str
    next: str | None
    prev: str | None


class AuditPage(Out):
    """The audit trail, a page at a time."""

    items: list[AuditEntry]
    total: int
    links: AuditLinks
