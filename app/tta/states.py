"""The life of a request, as one table. No status changes anywhere else.

Each row of `TABLE` says: in these statuses, this action, by these people, leads to that status and makes that fact.
`after=BACK` returns to the status from which the request was asked about or put on hold. An action whose row is
missing is refused (`ForbiddenMove`, 409) with the list of what is allowed, so a client can show the right buttons.

Failure cases first: a request that ends (`closed`, `declined`, `referred`, `withdrawn`) never moves again; every other
status can reach an end; only a confirmation meets the confirmation clock, and only an end cancels it.
`GET /v1/tta-requests/lifecycle` publishes the table, and the README's diagram is drawn from it.

What the desk does without moving the request (claim, assign, release, apologise) stands in `DESK`. Whoever is asked to
evaluate and answers by mail or telephone is entered by staff, as with an answer to a question; the fact says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.core.errors import Conflict


class Status(StrEnum):
    """Where a request stands."""

    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    IN_REVIEW = "in_review"
    NEEDS_INFORMATION = "needs_information"
    ON_HOLD = "on_hold"
    MATCHED = "matched"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    DELIVERED = "delivered"
    CLOSED = "closed"
    DECLINED = "declined"
    REFERRED = "referred"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """What can be done to a request."""

    CONFIRM = "confirm"
    REVIEW = "review"
    ASK = "ask"
    ANSWER = "answer"
    HOLD = "hold"
    RESUME = "resume"
    MATCH = "match"
    SCHEDULE = "schedule"
    START = "start"
    DELIVER = "deliver"
    CLOSE = "close"
    EVALUATE = "evaluate"
    DECLINE = "decline"
    REFER = "refer"
    WITHDRAW = "withdraw"
    CLAIM = "claim"
    ASSIGN = "assign"
    RELEASE = "release"
    APOLOGISE = "apologise"


class By(StrEnum):
    """Who acts."""

    REQUESTER = "requester"
    STAFF = "staff"


class Letter(StrEnum):
    """A kind of notice; the mail room has one template for each."""

    RECEIPT = "tta.receipt"
    CONFIRMATION = "tta.confirmation"
    QUESTION = "tta.question"
    ANSWER = "tta.answer"
    MATCH = "tta.match"
    SCHEDULE = "tta.schedule"
    CHANGE = "tta.change"
    DELIVERY = "tta.delivery"
    DECLINE = "tta.decline"
    REFERRAL = "tta.referral"
    WITHDRAWAL = "tta.withdrawal"
    MESSAGE = "tta.message"
    BREACH = "tta.breach"
    APOLOGY = "tta.apology"
    UNACKNOWLEDGED = "tta.unacknowledged"
    ESCALATION = "tta.escalation"
    ARRIVED = "tta.arrived"
    WITHDRAWN = "tta.withdrawn"
    UNREACHED = "tta.unreached"


TO_STAFF: Final = frozenset((Letter.ANSWER, Letter.ESCALATION, Letter.ARRIVED, Letter.WITHDRAWN, Letter.UNREACHED))
"""Letters that go to the desk; all others go to the person who asked."""

BACK: Final = None
"""The status before the pause."""
S, A = Status, Action
STAFF = frozenset((By.STAFF,))
EITHER = frozenset(By)


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table: an action, and every status in which it is allowed."""

    action: Action
    before: tuple[Status, ...]
    after: Status | None
    fact: str
    by: frozenset[By]
    letter: Letter | None = None


ENDS: Final = frozenset((S.CLOSED, S.DECLINED, S.REFERRED, S.WITHDRAWN))
"""Where a life ends."""
PAUSES: Final = frozenset((S.NEEDS_INFORMATION, S.ON_HOLD))
"""Where clocks that may pause stand still."""
_OPEN = tuple(s for s in Status if s not in ENDS)
_WORKED = (S.CONFIRMED, S.IN_REVIEW, S.MATCHED, S.SCHEDULED)
_UNDELIVERED = tuple(s for s in _OPEN if s is not S.DELIVERED)

TABLE = (
    Step(A.CONFIRM, (S.SUBMITTED,), S.CONFIRMED, "tta.confirmed", STAFF, Letter.CONFIRMATION),
    Step(A.REVIEW, (S.CONFIRMED,), S.IN_REVIEW, "tta.review_started", STAFF),
    Step(A.ASK, _WORKED, S.NEEDS_INFORMATION, "tta.asked", STAFF, Letter.QUESTION),
    Step(A.ANSWER, (S.NEEDS_INFORMATION,), BACK, "tta.answered", EITHER, Letter.ANSWER),
    Step(A.HOLD, (*_WORKED, S.IN_PROGRESS), S.ON_HOLD, "tta.held", STAFF, Letter.CHANGE),
    Step(A.RESUME, (S.ON_HOLD,), BACK, "tta.resumed", STAFF, Letter.CHANGE),
    Step(A.MATCH, _WORKED, S.MATCHED, "tta.matched", STAFF, Letter.MATCH),
    Step(A.SCHEDULE, (S.MATCHED, S.SCHEDULED), S.SCHEDULED, "tta.scheduled", STAFF, Letter.SCHEDULE),
    Step(A.START, (S.MATCHED, S.SCHEDULED), S.IN_PROGRESS, "tta.started", STAFF, Letter.CHANGE),
    Step(A.DELIVER, (S.IN_PROGRESS,), S.DELIVERED, "tta.delivered", STAFF, Letter.DELIVERY),
    Step(A.EVALUATE, (S.DELIVERED, S.CLOSED), S.CLOSED, "tta.evaluated", EITHER),
    Step(A.CLOSE, (S.DELIVERED,), S.CLOSED, "tta.closed", STAFF, Letter.CHANGE),
    Step(A.DECLINE, tuple(s for s in _UNDELIVERED if s is not S.IN_PROGRESS), S.DECLINED, "tta.declined", STAFF,
          Letter.DECLINE),
    Step(A.REFER, tuple(s for s in _UNDELIVERED if s is not S.IN_PROGRESS), S.REFERRED, "tta.referred", STAFF,
          Letter.REFERRAL),
    Step(A.WITHDRAW, _UNDELIVERED, S.WITHDRAWN, "tta.withdrawn", EITHER, Letter.WITHDRAWAL),
)  # fmt: skip

STEPS: Mapping[tuple[Status, Action], Step] = MappingProxyType(
    {(before, row.action): row for row in TABLE for before in row.before}
)

REASONS: Mapping[Action, tuple[str, ...]] = MappingProxyType({
    A.CONFIRM: ("request_understood",),
    A.REVIEW: ("review_begun",),
    A.ASK: ("information_needed",),
    A.ANSWER: ("information_given",),
    A.HOLD: ("requester_asked", "waiting_for_funds", "waiting_for_partner", "other"),
    A.RESUME: ("ready_to_go_on",),
    A.MATCH: ("suits_the_request", "requester_chose", "earlier_match_failed"),
    A.SCHEDULE: ("time_agreed", "time_moved"),
    A.START: ("time_has_come",),
    A.DELIVER: ("help_given",),
    A.EVALUATE: ("asked_to_evaluate",),
    A.CLOSE: ("nothing_left_to_do", "no_evaluation_came"),
    A.DECLINE: ("out_of_scope", "not_eligible", "duplicate", "no_answer", "no_capacity", "other"),
    A.REFER: ("bja_nttac", "cops_cri_tac", "cossup", "smart_policing", "jmhcp", "gains_center", "other"),
    A.WITHDRAW: ("no_longer_needed", "helped_elsewhere", "sent_twice", "other"),
    A.CLAIM: ("taken_in_hand",),
    A.ASSIGN: ("given_to",),
    A.RELEASE: ("given_back", "lease_expired", "request_ended"),
    A.APOLOGISE: ("promise_broken",),
})  # fmt: skip
"""Why an action is taken, as codes; the first is meant where none is sent. For `refer` the code is the other center."""
CENTERS: Mapping[str, tuple[str, str | None]] = MappingProxyType({
    "bja_nttac": ("BJA National Training and Technical Assistance Center", "https://bjatta.bja.ojp.gov/"),
    "cops_cri_tac": ("COPS Office Collaborative Reform Initiative Technical Assistance Center", None),
    "cossup": ("Comprehensive Opioid, Stimulant, and Substance Use Program", "https://www.cossup.org/"),
    "smart_policing": ("Smart Policing Initiative", "https://www.smartpolicinginitiative.com/"),
    "jmhcp": ("Justice and Mental Health Collaboration Program", "https://jmhcp.org/"),
    "gains_center": ("SAMHSA GAINS Center", None),
    "other": ("another center", None),
})  # fmt: skip
"""Where requests are referred to: name and address, as far as the toolkit's sources give one."""

DESK: Mapping[Action, str] = MappingProxyType({
    A.CLAIM: "tta.claimed",
    A.ASSIGN: "tta.assigned",
    A.RELEASE: "tta.released",
    A.APOLOGISE: "tta.apologised",
})  # fmt: skip
"""What staff do to any open request without moving it, and the fact it makes."""

STAFF_FACTS: Final = frozenset((
    "tta.claimed", "tta.assigned", "tta.released", "tta.noted", "tta.escalated", "tta.task_opened", "tta.task_done",
))  # fmt: skip
"""Facts that concern nobody outside the desk: they reach no partner, by no way."""


class ForbiddenMove(Conflict):
    """The request is not in a status that allows this action, or the action is not yours to take. `allowed_actions`
    lists what you may do now; `GET /v1/tta-requests/lifecycle` shows the whole life of a request."""

    title = "The move is not allowed now"


def step(status: Status, action: Action, by: By, paused_from: Status | None = None) -> Step:
    """Where the action leads and which fact it makes, or a refusal that says what is allowed."""
    if action not in allowed(status, by, paused_from):
        raise forbidden(status, action, allowed(status, by, paused_from))
    return STEPS[status, action]


def forbidden(status: Status, action: Action, open_actions: Iterable[Action]) -> ForbiddenMove:
    """The refusal of a move."""
    names = [a.value for a in open_actions]
    told = ", ".join(names) or "nothing, for it has ended"
    detail = f"Cannot {action} a request that is {status}; allowed now: {told}."
    return ForbiddenMove(detail, status_of_request=status.value, allowed_actions=names)


def allowed(status: Status, by: By, paused_from: Status | None = None) -> list[Action]:
    """The moves that are open in a status; a pause opens no way to an end that was not open before it."""
    there = [a for a in Action if (status, a) in STEPS and by in STEPS[status, a].by]
    if paused_from is None:
        return there
    return [a for a in there if STEPS[status, a].after not in ENDS or (paused_from, a) in STEPS]
