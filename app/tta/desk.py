"""What staff do to a request without moving it along its life: claim, assign, release, apologise.

A claim is a lease: it ends by itself, so nobody's holiday keeps a request. An assignment does not end. Both say who is
expected to act; they lock nobody out, because an agency must not wait for a lease to run out.
"""

from sqlalchemy import select

from app.access.models import Owner, Role
from app.core.errors import Conflict, Invalid
from app.core.work import Work
from app.tta import actions as a
from app.tta import facts
from app.tta.apology import apologise
from app.tta.hands import hand_over, release
from app.tta.models import TTARequest
from app.tta.moves import allowed_actions
from app.tta.queries import Viewer, in_world
from app.tta.states import ENDS, Action, By, forbidden


class Claimed(Conflict):
    """Somebody else has the request in hand. `assignee_id` says who, `leased_until` until when; a claim ends by
    itself, an assignment when the request is released or given to somebody else."""

    title = "Somebody else has it in hand"


async def at_the_desk(work: Work, viewer: Viewer, request: TTARequest, asked: a.Act) -> None:
    """Do it, or refuse."""
    if viewer.by is not By.STAFF or request.status in ENDS:
        raise forbidden(request.status, asked.action, allowed_actions(viewer, request, work.now))
    match asked:
        case a.Claim():
            _claim(work, viewer, request, asked)
        case a.Assign():
            await _assign(work, viewer, request, asked)
        case a.Release():
            release(work, request, a.reason(asked))
        case a.Apologise():
            await apologise(work, viewer, request, asked, allowed_actions(viewer, request, work.now))


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
