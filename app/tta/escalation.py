"""What falls due: steps of escalation, broken promises, and the task to apologise. Told once, in order, however late.

`catch_up` works on rows that the caller has locked, in the caller's transaction. The worker calls it for rows that a
look at one column found (`sweep.py`); an action calls it for its own row, before it does anything else.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core.ids import new_id
from app.core.notices import Recipient, notify
from app.core.work import Work
from app.tta import facts
from app.tta.models import Escalation, Task, TaskKind, TTARequest
from app.tta.sla import Clock, PromiseName, next_step_at, step_at, steps_due
from app.tta.states import Letter

BREACH = 100


async def catch_up(work: Work, requests: Sequence[TTARequest]) -> int:
    """Tell everything that fell due before this instant; answers how many things."""
    return sum(_confirmation(work, one) + _match(work, one) for one in requests)


def _confirmation(work: Work, request: TTARequest) -> int:
    if request.next_step_at is None:
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
        notify(work, Letter.ESCALATION, facts.SUBJECT, request.id, Recipient.STAFF, step=step)
        if step == BREACH:
            _broken(work, request, PromiseName.CONFIRMATION, request.confirmation)
            request.confirmation = request.confirmation.breach(work.now)
            notify(work, Letter.BREACH, facts.SUBJECT, request.id, Recipient.REQUESTER)
            open_task(work, request, TaskKind.APOLOGISE)
        request.told = step
    request.next_step_at = next_step_at(request.received_at, request.due_at, request.told)
    return len(due)


def _match(work: Work, request: TTARequest) -> int:
    clock = request.match
    if clock is None or clock.breached_at is not None or not clock.overdue(work.now):
        return 0
    request.match = clock.breach(work.now)
    _broken(work, request, PromiseName.MATCH, clock)
    open_task(work, request, TaskKind.FIND_MATCH)
    return 1


def _broken(work: Work, request: TTARequest, promise: PromiseName, clock: Clock) -> None:
    work.record(
        "tta.promise_breached", facts.SUBJECT, request.id, owner_id=request.owner_id,
        reference=request.reference, external_ref=request.external_ref, promise=promise.value,
        due_at=facts.told(clock.due_at),
    )  # fmt: skip


def open_task(work: Work, request: TTARequest, kind: TaskKind) -> None:
    """Give staff something to do."""
    task = Task(id=new_id(), request_id=request.id, world_id=request.world_id, kind=kind, opened_at=work.now)
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
