"""What can happen to a request: every type of event of the desk, with the shape of its data.

Data is thin: references, statuses, codes, times. What people wrote is not in it; who may read it looks at the request.
`public=False` is for staff and the audit trail alone.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from app.core.clock import rfc3339
from app.core.facts import Data, define
from app.core.words import Instant
from app.tta.states import DESK, STAFF_FACTS, TABLE, By, Status

SUBJECT = "tta_request"
Reason = Annotated[str | None, Field(description="Why, as a code; see `GET /v1/tta-requests/lifecycle`.")]


class Submitted(Data):
    """A request was received."""

    reference: str
    external_ref: str | None
    status: Status
    due_at: Instant = Field(description="When the confirmation is due: 36 elapsed hours after receipt.")


class Moved(Data):
    """A request moved along its life."""

    reference: str
    external_ref: str | None
    status_before: Status
    status: Status
    reason: Reason
    clock: str | None = Field(None, description="How the promise of confirmation stood after the move.")
    elapsed_seconds: int | None = Field(None, description="From receipt to confirmation.")
    due_at: Instant | None = Field(None, description="When the match is due.")
    sites_before: list[str] | None = Field(None, description="Those of an earlier match.")
    sites: list[str] | None = Field(None, description="Slugs of the learning sites it was matched with.")
    starts_at_before: Instant | None = Field(None, description="When help was scheduled to begin; it was moved.")
    starts_at: Instant | None = Field(None, description="When help is scheduled to begin.")
    ends_at_before: Instant | None = None
    ends_at: Instant | None = None
    ratings: dict[str, int] | None = Field(None, description="The evaluation: one to five for each question.")
    by: By | None = Field(None, description="Whose hand entered the evaluation: the requester's, or staff for them.")


class Worded(Data):
    """Words were written; `GET …/timeline` shows them to those who may read them."""

    reference: str
    external_ref: str | None
    by: str


class Breached(Data):
    """A promise was not kept, or not by the new time that was named for it."""

    reference: str
    external_ref: str | None
    promise: str
    due_at: Instant


class Apologised(Data):
    """We apologised for a promise that was not kept, and named a new time."""

    reference: str
    external_ref: str | None
    promise: str | None = Field(None, description="Which promise; null where it is not known any more.")
    new_due_at_before: Instant | None = Field(None, description="The new time that was named before.")
    new_due_at: Instant


class Held(Data):
    """Who has the request in hand changed."""

    reference: str
    assignee_before: UUID | None
    assignee: UUID | None
    leased_until_before: Instant | None = None
    leased_until: Instant | None
    reason: Reason = None


class Escalated(Data):
    """Staff were told how much of the time is used up."""

    reference: str
    promise: str
    step: int = Field(description="Percent of the time.")
    fell_due_at: Instant


class TaskData(Data):
    """Something that staff must do."""

    reference: str
    task_id: UUID
    kind: str


SUMMARIES = {
    "tta.confirmed": "A person confirmed the request, says who will help and what happens next.",
    "tta.review_started": "The request is being looked at.",
    "tta.asked": "We need to know more; answer with the action `answer`.",
    "tta.answered": "A question was answered; the request is where it was before.",
    "tta.held": "The request was put on hold.",
    "tta.resumed": "The request goes on where it stood.",
    "tta.matched": "Learning sites, or a provider, were found.",
    "tta.scheduled": "A time was fixed, or moved.",
    "tta.started": "Help has begun.",
    "tta.delivered": "The help was given; we ask for an evaluation of three questions.",
    "tta.evaluated": "The help was evaluated.",
    "tta.closed": "The request was closed.",
    "tta.declined": "We cannot help with this, and say why.",
    "tta.referred": "Another center is better placed; the request was referred to it.",
    "tta.withdrawn": "The request was withdrawn.",
    "tta.claimed": "Somebody took the request in hand for a while.",
    "tta.assigned": "The request was given to somebody.",
    "tta.released": "The request is in nobody's hands again.",
    "tta.apologised": "We apologised for a promise that was not kept, and named a new time.",
}

define("tta.submitted", "A request was received; its confirmation is due in 36 hours.", Submitted)
for _row in TABLE:
    define(_row.fact, SUMMARIES[_row.fact], Moved)
for _fact in DESK.values():
    define(_fact, SUMMARIES[_fact], Held if _fact in STAFF_FACTS else Apologised, public=_fact not in STAFF_FACTS)
define("tta.messaged", "Somebody wrote a message about the request.", Worded)
define("tta.noted", "Staff wrote an internal note.", Worded, public=False)
define("tta.promise_breached", "A promise was not kept. Recorded once for each promise.", Breached)
define(
    "tta.new_time_missed", "The new time that was named with an apology has passed, and the promise is still not met.",
    Breached,
)  # fmt: skip
define("tta.escalated", "Part of the time for the confirmation is used up.", Escalated, public=False)
define("tta.task_opened", "Staff have something to do.", TaskData, public=False)
define("tta.task_done", "Staff have done it.", TaskData, public=False)


def told(instant: datetime | None) -> str | None:
    """An instant as events carry it."""
    return rfc3339(instant) if instant else None


def moved(**data: Any) -> dict[str, Any]:
    """The data of a move, with every member that its type has."""
    return Moved(**data).model_dump(mode="json")
