"""What falls due: steps of escalation, broken promises, new times that were missed, and the tasks that follow. Each is
told once, in order, however late.

Only one promise is waited for at a time, the match beginning with the confirmation; so `next_step_at` serves both: the
steps of the confirmation first, then the new time that an apology names, for the one or the other.

`catch_up` works on rows that the caller has locked, in the caller's transaction. The worker calls it for rows that a
look at one column found (`sweep.py`); an action calls it for its own row, before it does anything else.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core.ids import new_id
from app.core.notices import Recipient, notify
from app.core.work import Work
from app.tta import facts
from app.tta.models import Escalation, Task, TaskKind, TTARequest
from app.tta.sla import PromiseName, next_step_at, step_at, steps_due
from app.tta.states import Letter

BREACH = 100


async def catch_up(work: Work, requests: Sequence[TTARequest]) -> int:
    """Tell everything that fell due before this instant; answers how many things."""
    late = [one for one in requests if _missed(one, work.now)]
    closed = await _apologies(work, late)
    return sum(_confirmation(work, one) + _match(work, one) for one in requests) + sum(
        _new_time(work, one, closed.get(one.id)) for one in late
    )


def _confirmation(work: Work, request: TTARequest) -> int:
    if request.next_step_at is None or request.told == BREACH or request.confirmation.stopped:
        return 0
    due = steps_due(request.received_at, request.due_at, request.told, work.now)
    for step in due:
        fell_due_at = step_at(request.received_at, request.due_at, step)
        work.session.add(Escalation(request_id=request.id, step=step, fell_due_at=fell_due_at, told_at=work.now))
        work.record(
            "tta.escalated", facts.SUBJECT, request.id,
            reference=request.reference, promise=PromiseName.CONFIRMATION.value, step=step,
            fell_due_at=facts.told(fell_due_at),
        )  # fmt: skip
        if step < BREACH:
            notify(work, Letter.ESCALATION, facts.SUBJECT, request.id, Recipient.STAFF, step=step)
        else:
            _broken(work, request, PromiseName.CONFIRMATION, request.confirmation.due_at)
            request.confirmation = request.confirmation.breach(work.now)
            open_task(work, request, TaskKind.APOLOGISE)
        request.told = step
    request.next_step_at = next_step_at(request.received_at, request.due_at, request.told)
    return len(due)


def _match(work: Work, request: TTARequest) -> int:
    clock = request.match
    if clock is None or clock.breached_at is not None or not clock.overdue(work.now):
        return 0
    request.match = clock.breach(work.now)
    _broken(work, request, PromiseName.MATCH, clock.due_at)
    open_task(work, request, TaskKind.FIND_MATCH)
    return 1


def _missed(request: TTARequest, now: datetime) -> bool:
    """Whether the new time that was named for what is waited for has passed, untold."""
    named = request.told == BREACH or request.confirmation.stopped
    return named and request.next_step_at is not None and request.next_step_at < now


async def _apologies(work: Work, requests: Sequence[TTARequest]) -> dict[UUID, Task]:
    """The task to apologise for each, which was done when the time was named; one statement, or none."""
    if not requests:
        return {}
    wanted = select(Task).where(
        Task.request_id.in_([one.id for one in requests]), Task.kind == TaskKind.APOLOGISE
    )  # fmt: skip
    return {task.request_id: task for task in await work.session.scalars(wanted)}


def _new_time(work: Work, request: TTARequest, apology: Task | None) -> int:
    """The desk's word was not kept a second time: that is said too, and there is a new apology to make."""
    promise = PromiseName.MATCH if request.confirmation.stopped else PromiseName.CONFIRMATION
    clock = request.confirmation if promise is PromiseName.CONFIRMATION else request.match
    named, request.next_step_at = request.next_step_at, None
    if clock is not None and named is not None:
        _broken(work, request, promise, clock.due_at, named)
        open_task(work, request, TaskKind.APOLOGISE, apology)
    return 1


def _broken(
    work: Work, request: TTARequest, promise: PromiseName, due_at: datetime, named: datetime | None = None
) -> None:
    """Record it, and owe both sides a letter; `named` is the new time that has passed, if it was that."""
    work.record(
        "tta.new_time_missed" if named else "tta.promise_breached", facts.SUBJECT, request.id,
        owner_id=request.owner_id, reference=request.reference, external_ref=request.external_ref,
        promise=promise.value, due_at=facts.told(named or due_at),
    )  # fmt: skip
    told = {"promise": promise.value, "due_at": facts.told(due_at), "new_due_at": facts.told(named)}
    notify(work, Letter.ESCALATION, facts.SUBJECT, request.id, Recipient.STAFF, step=BREACH, **told)
    notify(work, Letter.BREACH, facts.SUBJECT, request.id, Recipient.REQUESTER, **told)


def open_task(work: Work, request: TTARequest, kind: TaskKind, again: Task | None = None) -> None:
    """Give staff something to do; `again` where it was done before, because there is one of a kind."""
    task = again or Task(id=new_id(), request_id=request.id, world_id=request.world_id, kind=kind, opened_at=work.now)
    task.opened_at, task.done_at, task.done_by_id = work.now, None, None
    work.session.add(task)
    work.record("tta.task_opened", facts.SUBJECT, request.id, **_told(request, task))


async def close_tasks(work: Work, request: TTARequest, by: UUID | None, *kinds: TaskKind) -> None:
    """Staff have done it, or the request has ended and there is nothing left to do."""
    heard = request.owner_id is None or request.met_at is None
    if request.breached_at is None and request.match_breached_at is None and heard:
        return  # tasks are opened by broken promises, and by silence after a partner's confirmation
    await close_task(work, request, by, *kinds)


async def close_task(work: Work, request: TTARequest, by: UUID | None, *kinds: TaskKind) -> None:
    """Close tasks that may be open."""
    wanted = select(Task).where(Task.request_id == request.id, Task.kind.in_(kinds), Task.done_at.is_(None))
    for task in await work.session.scalars(wanted):
        task.done_at, task.done_by_id = work.now, by
        work.record("tta.task_done", facts.SUBJECT, request.id, **_told(request, task))


def _told(request: TTARequest, task: Task) -> dict[str, Any]:
    return {"reference": request.reference, "task_id": str(task.id), "kind": task.kind.value}
