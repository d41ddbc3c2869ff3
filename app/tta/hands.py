"""In whose hands a request is: given to somebody, for a while or until further notice, and given back."""

from datetime import timedelta
from uuid import UUID

from app.core.work import Work
from app.tta import facts
from app.tta.models import TTARequest
from app.tta.states import DESK, REASONS, Action
from app.tta.telling import record


def end_lease(work: Work, request: TTARequest) -> bool:
    """Release a claim whose time is over; tell whether it was."""
    over = request.leased_until is not None and request.leased_until < work.now
    if over:
        release(work, request, REASONS[Action.RELEASE][1])
    return over


def let_go(work: Work, request: TTARequest) -> None:
    """A request that ends leaves nothing to do, so a claim ends with it; who it was assigned to stays on record."""
    if request.leased_until is not None:
        release(work, request, REASONS[Action.RELEASE][2])


def release(work: Work, request: TTARequest, reason: str) -> None:
    """Put it back into everybody's queue."""
    if request.assignee_id is not None:
        hand_over(work, request, Action.RELEASE, None, reason=reason)


def hand_over(
    work: Work, request: TTARequest, action: Action, to: UUID | None, minutes: int | None = None, reason: str = ""
) -> None:
    """Change whose hands it is in, and say so; no letter goes out for it."""
    before, leased_before = request.assignee_id, request.leased_until
    request.assignee_id = to
    request.leased_until = work.now + timedelta(minutes=minutes) if minutes else None
    record(
        work, request, DESK[action],
        reference=request.reference, assignee_before=str(before) if before else None, assignee=str(to) if to else None,
        leased_until_before=facts.told(leased_before), leased_until=facts.told(request.leased_until),
        reason=reason or REASONS[action][0],
    )  # fmt: skip
