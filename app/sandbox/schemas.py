"""What comes in and goes out."""

import re
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from app.core.notices import Recipient
from app.core.paging import Links
from app.core.web import In, Out
from app.core.words import Instant

LIFETIME = timedelta(hours=24)
FURTHEST = timedelta(days=30)
"""How far one call may move a sandbox's clock."""
AHEAD_MOST = timedelta(days=366)
"""How far all calls together may move it."""
SHOWN = 100
DURATION = re.compile(r"P(?:(\d{1,3})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?", re.ASCII)


def parse_duration(text: str) -> timedelta:
    """An ISO 8601 duration of days, hours, minutes and seconds."""
    found = DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        raise ValueError("must be an ISO 8601 duration of days, hours, minutes and seconds, such as PT37H or P2DT6H")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    duration = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(0) < duration <= FURTHEST:
        raise ValueError(f"must be more than nothing and at most {FURTHEST.days} days")
    return duration


def _checked(text: str) -> str:
    parse_duration(text)
    return text


def told_duration(duration: timedelta) -> str:
    """A duration in the form that is taken."""
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"P{hours // 24}DT{hours % 24}H{minutes}M{seconds}S"


class AdvanceIn(In):
    """How far to move the clock."""

    advance: Annotated[
        str, Field(min_length=3, max_length=20, json_schema_extra={"format": "duration"}), AfterValidator(_checked)
    ] = Field(examples=["PT37H"], description=f"Forward only, at most {FURTHEST.days} days in one call.")


class SandboxOut(Out):
    """A sandbox."""

    id: UUID
    now: Instant = Field(description="The time in the sandbox.")
    expires_at: Instant = Field(description="When all of it is thrown away, in real time.")
    counts: dict[str, int] = Field(description="Requests, events, letters and webhooks in it.")
    links: dict[str, str] = Field(description="What to call next.")


class SandboxMade(SandboxOut):
    """A new sandbox with its key, which is shown this once."""

    key: str = Field(description="A partner's key that opens this sandbox and nothing else. Shown once.")


class Happened(Out):
    """One thing that fell due."""

    id: UUID
    type: str
    occurred_at: Instant
    subject_type: str
    subject_id: str
    data: dict[str, Any]


class AdvanceOut(Out):
    """What happened while the clock moved."""

    now: Instant
    happened: list[Happened] = Field(description=f"In order; the last {SHOWN} where there were more.")
    total: int
    left: str | None = Field(
        description="Null where the clock has arrived. Else there was more to do than one call may take, and the "
        "clock stands at `now`: send this as `advance` to go on."
    )


class LetterOut(Out):
    """A letter as it would have gone out."""

    id: UUID = Field(validation_alias="notice_id")
    kind: str = Field(description="Such as `tta.receipt`.")
    recipient: Recipient
    address: str = Field(description="Whom it would have gone to.")
    kept_at: Instant = Field(description="By the sandbox's clock.")
    message_id: str
    subject: str
    text: str
    html: str


class LetterPage(Out):
    """Letters, newest first."""

    items: list[LetterOut]
    total: int
    links: Links


class InboxOut(Out):
    """A webhook as your endpoint would have got it."""

    id: UUID
    endpoint_id: UUID
    received_at: Instant = Field(
        description="By the sandbox's clock; `webhook-timestamp` is by ours, as verifiers want."
    )
    headers: dict[str, str] = Field(description="Among them `webhook-id`, `webhook-timestamp`, `webhook-signature`.")
    body: str = Field(description="The very bytes that were signed.")


class InboxPage(Out):
    """Webhooks, newest first."""

    items: list[InboxOut]
    total: int
    links: Links
