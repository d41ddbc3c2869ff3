"""What staff do to a request without moving it along its life: claim, assign, release, apologise.

A claim is a lease: it ends by itself, so nobody's holiday keeps a request. An assignment does not end. Both say who is
expected to act; they lock nobody out, because an agency must not wait for a lease to run out.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from app.access.models import Owner, Role
from app.core.clock import rfc3339
from app.core.errors import Conflict, Invalid
from app.core.work import Work
from app.tta import actions as a
from app.tta import facts
from app.tta.escalation import close_tasks
from app.tta.models import TaskKind, TTARequest
from app.tta.moves import allowed_actions
from app.tta.queries import Viewer, in_world
from app.tta.states import DESK, ENDS, REASONS, Action, By, Letter, forbidden
from app.tta.telling import letter, record, write


class Claimed(Conflict):
    """Somebody else has the request in hand. `assignee_id` says who, `leased_until` until when; a claim ends by
    itself, an assignment when the request is released or given to somebody else."""

    title = "Somebody else has it in hand"


async def at_the_desk(work: Work, viewer: Viewer, request: TTARequest, asked: a.Act) -> None:
    """Do it, or refuse."""
    if viewer.by is not By.STAFF or request.status in ENDS:
        raise forbidden(request.status, asked.action, allowed_actions(viewer, request))
    match asked:
        case a.Claim():
            _claim(work, viewer, request, asked)
        case a.Assign():
            await _assign(work, viewer, request, asked)
        case a.Release():
            release(work, request, a.reason(asked))
        case a.Apologise():
            await _apologise(work, viewer, request, asked)


def _claim(work: Work, viewer: Viewer, request: TTARequest, asked: a.Claim) -> None:
    mine = request.assignee_id == viewer.caller.owner_id
    if request.assignee_id is not None and not mine:
        raise Claimed(
            "Somebody else has this request in hand.",
            assignee_id=str(request.assignee_id),
            leased_until=facts.told(request.leased_until),
        )
    if mine and request.leased_until is None:
        raise Claimed("It is assigned to you already, without a time limit.", assignee_id=str(request.assignee_id))
    hand_over(work, request, Action.CLAIM, viewer.caller.owner_id, asked.minutes)


async def _assign(work: Work, viewer: Viewer, request: TTARequest, asked: a.Assign) -> None:
    assignee = asked.assignee or viewer.caller.owner_id
    wanted = select(Owner).where(
        Owner.id == assignee, Owner.kind == Role.STAFF, in_world(Owner.world_id, work.world_id)
    )
    owner = await work.session.scalar(wanted)
    if owner is None:
        raise Invalid([{"pointer": "/assignee", "detail": "No member of staff has this id."}])
    hand_over(work, request, Action.ASSIGN, assignee)


def end_lease(work: Work, request: TTARequest) -> bool:
    """Release a claim whose time is over; tell whether it was."""
    over = request.leased_until is not None and request.leased_until < work.now
    if over:
        release(work, request, REASONS[Action.RELEASE][1])
    return over


def release(work: Work, request: TTARequest, reason: str) -> None:
    """Put it back into everybody's queue."""
    if request.assignee_id is not None:
        hand_over(work, request, Action.RELEASE, None, reason=reason)


def hand_over(
    work: Work, request: TTARequest, action: Action, to: UUID | None, minutes: int | None = None, reason: str = ""
) -> None:
    """Change whose hands it is in, and say so; no letter goes out for it."""
    before, request.assignee_id = request.assignee_id, to
    request.leased_until = work.now + timedelta(minutes=minutes) if minutes else None
    record(
        work, request, DESK[action],
        reference=request.reference, assignee_before=str(before) if before else None, assignee=str(to) if to else None,
        leased_until=facts.told(request.leased_until), reason=reason or REASONS[action][0],
    )  # fmt: skip


async def _apologise(work: Work, viewer: Viewer, request: TTARequest, asked: a.Apologise) -> None:
    if request.breached_at is None:
        told = "No promise was broken: there is nothing to apologise for."
        raise Conflict(told, allowed_actions=[action.value for action in allowed_actions(viewer, request)])
    if asked.new_due_at <= work.now:
        raise Invalid([{"pointer": "/new_due_at", "detail": "This has passed; name an instant to come."}])
    request.renewed_due_at = asked.new_due_at
    event = record(
        work, request, DESK[Action.APOLOGISE],
        reference=request.reference, external_ref=request.external_ref, new_due_at=rfc3339(asked.new_due_at),
    )  # fmt: skip
    write(work, viewer, request, event, a.texts(asked))
    letter(work, request, Letter.APOLOGY, event, new_due_at=rfc3339(asked.new_due_at))
    await close_tasks(work, request, viewer.caller.owner_id, TaskKind.APOLOGISE)
