"""Every SELECT about requests. `visible_to` is the only way to a row: nothing else selects from `tta_request`
for somebody who asks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select

from app.access.models import Owner
from app.access.principal import Kind, Principal
from app.access.scopes import Scope
from app.core.errors import Invalid
from app.core.notices import Notice, Recipient
from app.core.text import fold
from app.core.work import Event
from app.tta.facts import SUBJECT
from app.tta.models import RequestTopic, TTARequest
from app.tta.personal import Message
from app.tta.plan import token_digest
from app.tta.schemas import RequestFilter
from app.tta.sla import ClockState
from app.tta.states import ENDS, STAFF_FACTS, By

R = TTARequest


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: a caller, or the person who holds the status token."""

    caller: Principal
    token: str | None = None

    @property
    def by(self) -> By:
        """In which part they act."""
        return By.STAFF if self.caller.staff else By.REQUESTER

    @property
    def reads(self) -> bool:
        """Whether they may read what people wrote: with the scope for it, or with the status token."""
        return self.caller.anonymous or self.caller.may(Scope.TTA_READ)


def visible_to(viewer: Viewer) -> Select[TTARequest]:
    """The requests that the viewer may see: staff all of their world, a partner its own, a token its one."""
    caller = viewer.caller
    there = select(R).where(in_world(R.world_id, caller.world_id))
    if caller.kind is Kind.STAFF:
        return there
    if caller.kind is Kind.PARTNER:
        return there.where(R.owner_id == caller.owner_id)
    # Digests of random secrets are compared, so the time it takes tells nothing about a secret; a wrong token and a
    # wrong id take the same statement and find the same nothing.
    digest = token_digest(viewer.token) if viewer.token else None
    return there.where(R.owner_id.is_(None), R.token_digest == digest) if digest else there.where(false())


def in_world(column: Any, world_id: UUID | None) -> ColumnElement[bool]:
    """Rows of one world; the real one has no id."""
    found: ColumnElement[bool] = column.is_(None) if world_id is None else column == world_id
    return found


def named(viewer: Viewer, name: str) -> Select[TTARequest]:
    """One request, by its id or its reference."""
    try:
        return visible_to(viewer).where(R.id == UUID(name))
    except ValueError:
        return visible_to(viewer).where(R.reference == name.upper())


def clock_is(state: str, now: datetime) -> ColumnElement[bool]:
    """The promise of confirmation stands so; late is late, whether or not a worker has noted it."""
    waiting = and_(R.met_at.is_(None), R.cancelled_at.is_(None))
    late = or_(R.breached_at.is_not(None), and_(waiting, R.due_at < now))
    conditions = {
        ClockState.BREACHED: late,
        ClockState.RUNNING: and_(waiting, R.breached_at.is_(None), R.due_at >= now),
        ClockState.MET: and_(R.met_at.is_not(None), R.breached_at.is_(None)),
        ClockState.CANCELLED: and_(R.cancelled_at.is_not(None), R.breached_at.is_(None)),
    }
    return conditions[ClockState(state)]


def matching(viewer: Viewer, wanted: RequestFilter, now: datetime) -> Select[TTARequest]:
    """The requests that the filters keep."""
    found = visible_to(viewer)
    if wanted.status:
        found = found.where(R.status.in_(wanted.status))
    if wanted.clock:
        found = found.where(or_(*(clock_is(state, now) for state in wanted.clock)))
    if wanted.due_before:
        found = found.where(R.due_at < wanted.due_before)
    if wanted.state:
        found = found.where(R.state.in_(wanted.state))
    if wanted.topic:
        names = select(RequestTopic.request_id).where(
            RequestTopic.request_id == R.id, RequestTopic.topic.in_(wanted.topic)
        )
        found = found.where(names.exists())
    if wanted.assignee:
        found = found.where(_assigned(viewer, wanted.assignee))
    if wanted.external_ref:
        found = found.where(R.external_ref == wanted.external_ref)
    if wanted.q:
        found = found.where(R.search.contains(fold(wanted.q), autoescape=True))
    return found


def _assigned(viewer: Viewer, name: str) -> ColumnElement[bool]:
    if viewer.by is not By.STAFF:
        raise Invalid([{"parameter": "assignee", "detail": "Only staff may filter by assignee; leave it out."}])
    if name == "none":
        return R.assignee_id.is_(None)
    return R.assignee_id == (viewer.caller.owner_id if name == "me" else UUID(name))


def counted(viewer: Viewer, wanted: RequestFilter, now: datetime) -> Select[Any]:
    """How many, by status, clock and whether anybody has them in hand: one statement."""
    state = case(
        *((clock_is(state, now), state.value) for state in (ClockState.BREACHED, ClockState.MET, ClockState.CANCELLED)),
        else_=ClockState.RUNNING.value,
    ).label("clock")
    idle = R.assignee_id.is_(None).label("idle")
    rows = matching(viewer, wanted, now).with_only_columns(R.status, state, idle).order_by(None).subquery()
    return select(rows.c.status, rows.c.clock, rows.c.idle, func.count().label("n")).group_by(
        rows.c.status, rows.c.clock, rows.c.idle
    )


def facts_about(request: TTARequest, *, staff: bool, notes: bool) -> Select[Event]:
    """What happened to a request, as far as the viewer may know."""
    # What became of a letter is told by the letter's own entry.
    ours = Event.type.startswith("tta.", autoescape=True)
    found = select(Event).where(Event.subject_type == SUBJECT, Event.subject_id == str(request.id), ours)
    if not staff:
        found = found.where(Event.type.not_in(STAFF_FACTS))
    elif not notes:
        found = found.where(Event.type != "tta.noted")
    return found


def letters_about(request: TTARequest, *, staff: bool) -> Select[Notice]:
    """The letters about a request."""
    found = select(Notice).where(Notice.subject_type == SUBJECT, Notice.subject_id == request.id)
    return found if staff else found.where(Notice.recipient != Recipient.STAFF)


def words_of(events: list[UUID], *, staff: bool) -> Select[Message]:
    """What was written with these facts."""
    found = select(Message).where(Message.event_id.in_(events))
    return found if staff else found.where(Message.internal.is_(False))


def names_of(owners: set[UUID]) -> Select[UUID, str]:
    """The names of partners and staff."""
    return select(Owner.id, Owner.name).where(Owner.id.in_(owners))


def still_open() -> ColumnElement[bool]:
    """Not ended."""
    return R.status.not_in(sorted(ENDS))
