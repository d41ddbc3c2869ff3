"""Apologies: for which promise one is open now, and what it leaves behind.

A promise that was broken may be apologised for as often as it takes while it is still waited for, because each new time
may be missed too. Once it is met late, one apology is open, unless the last new time that was named was kept.
"""

from datetime import datetime

from app.core.clock import rfc3339
from app.core.errors import Conflict, Invalid
from app.core.work import Work
from app.tta import actions as a
from app.tta import facts
from app.tta.escalation import close_tasks
from app.tta.models import TaskKind, TTARequest
from app.tta.queries import Viewer
from app.tta.sla import Clock, ClockState, PromiseName
from app.tta.states import DESK, ENDS, Action, Letter
from app.tta.telling import letter, record, write


def owed(request: TTARequest, now: datetime) -> PromiseName | None:
    """The promise that an apology would be for: what is still waited for before what was met late."""
    if request.status in ENDS:
        return None
    broken = [name for name, clock in _clocks(request).items() if clock.state(now) is ClockState.BREACHED]
    for name in broken:
        if _clocks(request)[name].met_at is None:
            return name
    for name in broken:
        met_at, named = _clocks(request)[name].met_at, _named(request, name)
        if named is None or (met_at is not None and named < met_at):
            return name
    return None


def _clocks(request: TTARequest) -> dict[PromiseName, Clock]:
    clocks = {PromiseName.CONFIRMATION: request.confirmation}
    return clocks if request.match is None else {**clocks, PromiseName.MATCH: request.match}


def _named(request: TTARequest, promise: PromiseName) -> datetime | None:
    return request.renewed_due_at if promise is PromiseName.CONFIRMATION else request.match_renewed_due_at


async def apologise(work: Work, viewer: Viewer, request: TTARequest, asked: a.Apologise, allowed: list[Action]) -> None:
    """Say that we are sorry, and by when it happens now; or refuse."""
    promise = owed(request, work.now)
    if promise is None:
        broken = request.breached_at is not None or request.match_breached_at is not None
        told = "Every broken promise was apologised for, and met." if broken else "No promise was broken."
        raise Conflict(
            f"{told} There is nothing to apologise for.", allowed_actions=[action.value for action in allowed]
        )
    if asked.new_due_at <= work.now:
        raise Invalid([{"pointer": "/new_due_at", "detail": "This has passed; name an instant to come."}])
    clock, before = _clocks(request)[promise], _named(request, promise)
    if promise is PromiseName.CONFIRMATION:
        request.renewed_due_at = asked.new_due_at
    else:
        request.match_renewed_due_at = asked.new_due_at
    if clock.met_at is None:
        request.next_step_at = asked.new_due_at
    event = record(
        work, request, DESK[Action.APOLOGISE],
        reference=request.reference, external_ref=request.external_ref, promise=promise.value,
        new_due_at_before=facts.told(before), new_due_at=rfc3339(asked.new_due_at),
    )  # fmt: skip
    write(work, viewer, request, event, a.texts(asked))
    letter(
        work, request, Letter.APOLOGY, event,
        promise=promise.value, due_at=rfc3339(clock.due_at), met_at=facts.told(clock.met_at),
        new_due_at=rfc3339(asked.new_due_at),
    )  # fmt: skip
    await close_tasks(work, request, viewer.caller.owner_id, TaskKind.APOLOGISE)
