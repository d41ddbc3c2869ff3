"""What can be sent to `POST /v1/tta-requests/{id}/actions`: one shape for each action.

What people write with an action is a named text; those names are the keys under which `tta_message` keeps it and the
timeline shows it. Codes (`reason`) go into events; texts never do.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, RootModel, ValidationError

from app.core.bodies import faults_of
from app.core.errors import Invalid
from app.core.reach import Stripped
from app.core.web import In
from app.core.words import Printable, Slug
from app.tta.choices import DeliveryMode
from app.tta.form import Name, Words
from app.tta.states import REASONS, Action

LEASE_MINUTES, LEASE_MAX = 60, 480
Short = Annotated[str, Field(min_length=1, max_length=500), Printable, Stripped]


def _within_reason(instant: datetime) -> datetime:
    if not 2000 <= instant.year <= 2200:
        raise ValueError("must be an instant of this century, such as 2027-03-16T14:00:00Z")
    return instant


When = Annotated[AwareDatetime, AfterValidator(_within_reason), Field(examples=["2027-03-16T14:00:00Z"])]


def _codes(name: str, action: Action) -> Any:
    return StrEnum(name, {code.upper(): code for code in REASONS[action]})


HoldReason = _codes("HoldReason", Action.HOLD)
MatchReason = _codes("MatchReason", Action.MATCH)
ScheduleReason = _codes("ScheduleReason", Action.SCHEDULE)
CloseReason = _codes("CloseReason", Action.CLOSE)
DeclineReason = _codes("DeclineReason", Action.DECLINE)
Center = _codes("Center", Action.REFER)
WithdrawReason = _codes("WithdrawReason", Action.WITHDRAW)


class Act(In):
    """Parent of all actions."""

    action: Any
    reason: Any = None


class Confirm(Act):
    """A person has read the request: say who will help and what happens next. Meets the promise of 36 hours."""

    action: Literal[Action.CONFIRM]
    helper: Short = Field(description="Who will help.", examples=["Maria Lopez from our desk"])
    next_step: Words = Field(description="What happens next.", examples=["Maria will call you on Thursday."])


class Review(Act):
    """Begin to look at the request closely."""

    action: Literal[Action.REVIEW]


class Ask(Act):
    """Ask the agency for what is missing; promises that may pause stand still until it answers."""

    action: Literal[Action.ASK]
    question: Words


class AnswerQuestion(Act):
    """Answer a question; the request goes back to where it was."""

    action: Literal[Action.ANSWER]
    answer: Words


class Hold(Act):
    """Put the request aside; promises that may pause stand still."""

    action: Literal[Action.HOLD]
    reason: HoldReason  # type: ignore[valid-type]
    note: Words | None = Field(None, description="For the requester.")


class Resume(Act):
    """Go on where the request stood."""

    action: Literal[Action.RESUME]
    note: Words | None = None


class Match(Act):
    """Name the learning sites, or the provider, that will help. Meets the promise of 14 days.

    For each site the server notes how well it fits and why, as `POST /v1/learning-sites/match` would say it.
    """

    action: Literal[Action.MATCH]
    sites: Annotated[list[Slug], Field(max_length=5)] = Field([], description="Slugs of learning sites.")
    provider: Name | None = Field(None, description="Who helps, where it is no learning site.")
    next_step: Words = Field(description="What happens next.")
    reason: MatchReason = MatchReason(REASONS[Action.MATCH][0])  # type: ignore[valid-type]


class Schedule(Act):
    """Fix a time, or move it."""

    action: Literal[Action.SCHEDULE]
    starts_at: When
    ends_at: When | None = None
    mode: DeliveryMode
    site: Slug | None = Field(None, description="The learning site that helps.")
    place: Short | None = Field(None, description="Where, or how to join.")
    note: Words | None = None
    reason: ScheduleReason = ScheduleReason(REASONS[Action.SCHEDULE][0])  # type: ignore[valid-type]


class Start(Act):
    """Help has begun."""

    action: Literal[Action.START]
    note: Words | None = None


class Deliver(Act):
    """Help was given. The requester is asked for an evaluation."""

    action: Literal[Action.DELIVER]
    note: Words | None = Field(None, description="What was done; for the requester.")


class Evaluate(Act):
    """Three questions after the help: did it help, did it come in time, what should we do better.

    Staff enter the answers of those who gave them by mail or telephone; the fact says by whose hand.
    """

    action: Literal[Action.EVALUATE]
    helped: int = Field(ge=1, le=5, strict=True, description="1 not at all, 5 very much.")
    in_time: int = Field(ge=1, le=5, strict=True, description="1 far too late, 5 in good time.")
    better: Words | None = Field(None, description="What we should do better next time.")


class Close(Act):
    """Nothing is left to do."""

    action: Literal[Action.CLOSE]
    note: Words | None = None
    reason: CloseReason = CloseReason(REASONS[Action.CLOSE][0])  # type: ignore[valid-type]


class Decline(Act):
    """Say that we cannot help, and why."""

    action: Literal[Action.DECLINE]
    reason: DeclineReason  # type: ignore[valid-type]
    explanation: Words


class Refer(Act):
    """Send the agency to a center that is better placed."""

    action: Literal[Action.REFER]
    reason: Center = Field(description="Which center.")  # type: ignore[valid-type]
    explanation: Words


class Withdraw(Act):
    """The agency no longer asks."""

    action: Literal[Action.WITHDRAW]
    reason: WithdrawReason = WithdrawReason(REASONS[Action.WITHDRAW][0])  # type: ignore[valid-type]
    note: Words | None = None


class Claim(Act):
    """Take the request in hand for a while; nobody else can meanwhile. Claim again to extend."""

    action: Literal[Action.CLAIM]
    minutes: int = Field(LEASE_MINUTES, ge=5, le=LEASE_MAX, strict=True)


class Assign(Act):
    """Give the request to a member of staff, without a time limit."""

    action: Literal[Action.ASSIGN]
    assignee: UUID | None = Field(None, description="The owner id of a member of staff; without it: yourself.")


class Release(Act):
    """Put the request back into everybody's queue."""

    action: Literal[Action.RELEASE]


class Apologise(Act):
    """Apologise for a promise that was not kept, and name a new time.

    It is for the promise that is still waited for, the confirmation or the match; where that was met late, for having
    been late. The new time is watched: if it passes and nothing has come, that is told, and a new apology is a task.
    """

    action: Literal[Action.APOLOGISE]
    new_due_at: When = Field(
        description="By when it happens now; after a promise that was met late: by when they hear from us again."
    )
    message: Words


class TTAAction(
    RootModel[
        Annotated[
            Confirm | Review | Ask | AnswerQuestion | Hold | Resume | Match | Schedule | Start | Deliver | Evaluate
            | Close | Decline | Refer | Withdraw | Claim | Assign | Release | Apologise,
            Field(discriminator="action"),
        ]
    ]
):  # fmt: skip
    """What is done, by the name in `action`. `allowed_actions` of a request says what is open now."""


KINDS: dict[str, type[Act]] = {
    kind.model_fields["action"].annotation.__args__[0].value: kind  # type: ignore[union-attr]
    for kind in Act.__subclasses__()
}
"""The shape of each action."""


def read_action(body: Any) -> Act:
    """The action that was sent, or every fault of it."""
    name = body.get("action") if isinstance(body, dict) else None
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise Invalid([{"pointer": "/action", "detail": f"Send one of: {', '.join(KINDS)}."}])
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        raise Invalid(faults_of(error)) from None


TEXTS = (
    "helper", "next_step", "question", "answer", "note", "explanation", "message", "better", "provider", "place",
)  # fmt: skip


def texts(asked: Act) -> dict[str, str]:
    """What a person wrote with an action, by name."""
    return {name: value for name in TEXTS if (value := getattr(asked, name, None)) is not None}


def reason(asked: Act) -> str:
    """The code of why."""
    return str(asked.reason or REASONS[asked.action][0])
