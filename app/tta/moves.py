"""Moving a request one step along its life: what each step leaves in the row, what it does to the clocks, what it
records. The table itself is `states.py`; nothing else changes a status.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.access.scopes import Scope
from app.core.clock import rfc3339
from app.core.errors import Invalid
from app.core.signing import Pen
from app.core.work import Event, Work
from app.editions.snapshot import Snapshot
from app.tta import actions as a
from app.tta import facts
from app.tta.acknowledgement import expect
from app.tta.apology import owed
from app.tta.escalation import close_tasks
from app.tta.hands import let_go
from app.tta.models import TaskKind, TTARequest
from app.tta.queries import Viewer
from app.tta.sla import PromiseName, start
from app.tta.states import ENDS, PAUSES, TO_STAFF, Action, By, Letter, Status, Step, allowed, forbidden, step
from app.tta.suggest import why_matched
from app.tta.telling import letter, letter_data, record, supersede, write


@dataclass(frozen=True, slots=True)
class Tools:
    """What some actions need beside the row."""

    pen: Pen
    shown: Snapshot


def allowed_actions(viewer: Viewer, request: TTARequest, now: datetime) -> list[Action]:
    """What the viewer may do now; a claim that has run out and a promise just broken count, noted or not."""
    staff = viewer.by is By.STAFF
    if not viewer.caller.anonymous and not viewer.caller.may(Scope.TTA_ACT if staff else Scope.TTA_SUBMIT):
        return []
    there = allowed(request.status, viewer.by, request.paused_from)
    moves = [move for move in there if move is not Action.EVALUATE or not request.evaluated_at]
    if not staff or request.status in ENDS:
        return moves
    over = request.leased_until is not None and request.leased_until < now
    assignee = None if over else request.assignee_id
    mine = assignee == viewer.caller.owner_id
    desk = [Action.ASSIGN]
    if assignee is None or (mine and request.leased_until):
        desk.append(Action.CLAIM)
    if assignee is not None:
        desk.append(Action.RELEASE)
    if owed(request, now) is not None:
        desk.append(Action.APOLOGISE)
    return [action for action in Action if action in {*moves, *desk}]


async def move(work: Work, viewer: Viewer, request: TTARequest, asked: a.Act, tools: Tools) -> None:
    """Take one step of the table: row, clocks, fact, words, letter; or refuse."""
    row = step(request.status, asked.action, viewer.by, request.paused_from)
    if asked.action is Action.EVALUATE and request.evaluated_at is not None:
        raise forbidden(request.status, asked.action, allowed_actions(viewer, request, work.now))
    before, waited = request.status, _waited(request)
    after = row.after or request.paused_from or Status.IN_REVIEW
    data = _effects(work, viewer, request, asked, tools)
    _turn_clocks(work, request, before, after)
    if waited is not None and waited is not _waited(request):
        await supersede(work, request)
    request.status = after
    request.paused_from = before if after in PAUSES else None
    if after in ENDS or after is Status.ON_HOLD:
        request.reason = a.reason(asked)
    elif before is Status.ON_HOLD:
        request.reason = None
    if after in ENDS:
        let_go(work, request)
        await close_tasks(work, request, viewer.caller.owner_id, *TaskKind)
    if after is Status.MATCHED:
        await close_tasks(work, request, viewer.caller.owner_id, TaskKind.FIND_MATCH)
    if asked.action is Action.CONFIRM:
        data |= _confirmed(request, tools)
        expect(work, request)
    if asked.action is Action.MATCH:
        data["due_at"] = facts.told(request.match_due_at)
    event = record(
        work, request, row.fact,
        **facts.moved(
            reference=request.reference, external_ref=request.external_ref, status_before=before, status=after,
            reason=a.reason(asked), **data,
        ),
    )  # fmt: skip
    said = a.texts(asked)
    if said:
        write(work, viewer, request, event, said)
    _send(work, viewer, request, row, event)


def _effects(work: Work, viewer: Viewer, request: TTARequest, asked: a.Act, tools: Tools) -> dict[str, Any]:
    """What an action leaves in the row beside the status; answers what the event tells of it."""
    was_matched, was_planned = request.matched or {}, request.scheduled or {}
    planned_before = {f"{name}_before": was_planned.get(name) for name in ("starts_at", "ends_at")}
    match asked:
        case a.Match():
            request.matched = why_matched(tools.shown, request, asked.sites, provider=asked.provider is not None)
            # What was planned with others is not planned with these.
            request.scheduled = None
            before = [site["slug"] for site in was_matched["sites"]] if was_matched else None
            return {"sites_before": before, "sites": asked.sites, **planned_before}
        case a.Schedule():
            times = _times(work, asked)
            site = why_matched(tools.shown, request, [asked.site], provider=False) if asked.site else None
            request.scheduled = {**times, "mode": asked.mode.value, "site": site and site["sites"][0]["slug"]}
            return {**planned_before, **times}
        case a.Evaluate():
            request.evaluated_at = work.now
            return {"ratings": {"helped": asked.helped, "in_time": asked.in_time}, "by": viewer.by}
    return {}


def _waited(request: TTARequest) -> PromiseName | None:
    """The promise that is waited for."""
    if not request.confirmation.stopped:
        return PromiseName.CONFIRMATION
    return PromiseName.MATCH if request.match is not None and not request.match.stopped else None


def _times(work: Work, asked: a.Schedule) -> dict[str, str | None]:
    faults = []
    if asked.starts_at < work.now - timedelta(days=1):
        faults.append({"pointer": "/starts_at", "detail": "This has passed; send an instant to come."})
    if asked.ends_at is not None and asked.ends_at < asked.starts_at:
        faults.append({"pointer": "/ends_at", "detail": "This is before `starts_at`."})
    if faults:
        raise Invalid(faults)
    return {"starts_at": facts.told(asked.starts_at), "ends_at": facts.told(asked.ends_at)}


def _turn_clocks(work: Work, request: TTARequest, before: Status, after: Status) -> None:
    if before is Status.SUBMITTED and after is Status.CONFIRMED:
        request.confirmation = request.confirmation.meet(work.now)
        request.match = start(PromiseName.MATCH, work.now)
        request.next_step_at = None
    elif after in ENDS:
        request.confirmation = request.confirmation.cancel(work.now)
        request.match = request.match and request.match.cancel(work.now)
        request.next_step_at = None
    elif after is Status.MATCHED and before not in PAUSES:
        request.match = request.match and request.match.meet(work.now)
        request.next_step_at = None
    elif after in PAUSES:
        request.match = request.match and request.match.pause(work.now)
    elif before in PAUSES:
        request.match = request.match and request.match.resume(work.now)


def _confirmed(request: TTARequest, tools: Tools) -> dict[str, Any]:
    """Sign the confirmation; answers what the event tells of the clock."""
    met_at = request.met_at or request.updated_at
    request.confirmation_receipt = tools.pen.sign(
        "tta-confirmation+jws",
        {
            "reference": request.reference, "request_id": str(request.id), "body_sha256": request.digest,
            "received_at": rfc3339(request.received_at), "due_at": rfc3339(request.due_at),
            "confirmed_at": rfc3339(met_at), "sandbox": request.world_id is not None,
        },
    )  # fmt: skip
    return {
        "clock": request.confirmation.state(met_at).value,
        "elapsed_seconds": int((met_at - request.received_at).total_seconds()),
        "due_at": facts.told(request.match_due_at),
    }


def _send(work: Work, viewer: Viewer, request: TTARequest, row: Step, event: Event) -> None:
    """Owe the letter that the step says; what staff enter for the agency needs no letter to staff."""
    if row.letter is None or (row.letter in TO_STAFF and viewer.by is By.STAFF):
        return
    letter(work, request, row.letter, event, by=viewer.by.value, **letter_data(request, row.action))
    if row.letter is Letter.WITHDRAWAL and viewer.by is By.REQUESTER:
        letter(work, request, Letter.WITHDRAWN, event)
