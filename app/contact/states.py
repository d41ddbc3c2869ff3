"""The life of a submission, as one table. No status changes anywhere else.

    received -> under_review -> accepted | returned | declined      (policies and training materials)
    received -> under_review -> answered -> closed                  (questions)
    withdrawn by the sender, as long as nothing was decided

`accepted` waits for an editor: nothing that was sent here ever publishes itself.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from app.core.errors import Conflict


class Kind(StrEnum):
    """What is sent."""

    QUESTION = "question"
    POLICY = "policy"
    TRAINING_MATERIAL = "training_material"


class Status(StrEnum):
    """Where a submission stands."""

    RECEIVED = "received"
    UNDER_REVIEW = "under_review"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    DECLINED = "declined"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """What can be done to a submission."""

    REVIEW = "review"
    ANSWER = "answer"
    ACCEPT = "accept"
    RETURN = "return"
    DECLINE = "decline"
    CLOSE = "close"
    WITHDRAW = "withdraw"


S, A = Status, Action
QUESTIONS = frozenset((Kind.QUESTION,))
MATERIALS = frozenset((Kind.POLICY, Kind.TRAINING_MATERIAL))
STEPS: Mapping[tuple[Status, Action], tuple[Status, str, frozenset[Kind]]] = MappingProxyType({
    (S.RECEIVED, A.REVIEW): (S.UNDER_REVIEW, "contact.review_started", QUESTIONS | MATERIALS),
    (S.RECEIVED, A.ANSWER): (S.ANSWERED, "contact.answered", QUESTIONS),
    (S.UNDER_REVIEW, A.ANSWER): (S.ANSWERED, "contact.answered", QUESTIONS),
    (S.UNDER_REVIEW, A.ACCEPT): (S.ACCEPTED, "contact.accepted", MATERIALS),
    (S.UNDER_REVIEW, A.RETURN): (S.RETURNED, "contact.returned", MATERIALS),
    (S.RECEIVED, A.DECLINE): (S.DECLINED, "contact.declined", QUESTIONS | MATERIALS),
    (S.UNDER_REVIEW, A.DECLINE): (S.DECLINED, "contact.declined", QUESTIONS | MATERIALS),
    (S.ANSWERED, A.CLOSE): (S.CLOSED, "contact.closed", QUESTIONS),
    (S.RECEIVED, A.WITHDRAW): (S.WITHDRAWN, "contact.withdrawn", QUESTIONS | MATERIALS),
    (S.UNDER_REVIEW, A.WITHDRAW): (S.WITHDRAWN, "contact.withdrawn", QUESTIONS | MATERIALS),
})  # fmt: skip
BY_SENDER = frozenset((A.WITHDRAW,))
TOLD = frozenset((A.ANSWER, A.ACCEPT, A.RETURN, A.DECLINE))
"""Actions that carry words to the sender, and a letter."""
TAKES_FILES = frozenset((S.RECEIVED, S.UNDER_REVIEW, S.ANSWERED))
"""As long as nothing was decided; who asked a question may add to it."""


class ForbiddenContactMove(Conflict):
    """The submission is not in a status that allows this, or the action is not yours to take. `allowed_actions`
    lists what you may do now."""

    title = "The submission does not allow this now"


def allowed(status: Status, kind: Kind, *, staff: bool) -> list[Action]:
    """The moves that are open to staff, or to the sender."""
    return [
        action
        for action in Action
        if (status, action) in STEPS and kind in STEPS[status, action][2] and (staff != (action in BY_SENDER))
    ]


def step(status: Status, kind: Kind, action: Action, *, staff: bool) -> tuple[Status, str]:
    """Where the action leads and which fact it makes, or a refusal that says what is allowed."""
    open_now = allowed(status, kind, staff=staff)
    if action not in open_now:
        names = [a.value for a in open_now]
        detail = f"Cannot {action} a {kind} that is {status}; allowed now: {', '.join(names) or 'nothing'}."
        raise ForbiddenContactMove(detail, allowed_actions=names)
    after, fact, _ = STEPS[status, action]
    return after, fact
