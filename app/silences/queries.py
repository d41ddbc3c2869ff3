"""The one statement behind the list of silences: five kinds of rows, one order.

What is listed, and until when:

- `request`: confirmed and not acknowledged, until somebody acknowledges it or it ends;
- `webhook`: a delivery that waits or has failed, until it is delivered or its endpoint is deleted;
- `notice`: a letter about a request, a submission or an endpoint that failed, is being tried again or has waited for
  longer than it takes, until it is out;
- `endpoint`: one that we disabled, for which no deliveries are made any more, until somebody enables it or disables it
  by a word of its own; what waits for a paused one is listed as its deliveries;
- `event`: what happened longer ago than it takes, and has not been looked at for webhooks, because no worker runs.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, String, case, cast, func, literal, or_, select, union_all

from app.access.principal import Principal
from app.access.queries import same
from app.access.scopes import Scope
from app.contact import service as contact
from app.contact.models import ContactSubmission
from app.core.facts import public_types
from app.core.feed import Counter
from app.core.notices import Notice, NoticeStatus, Recipient
from app.core.work import Event
from app.tta.acknowledgement import Acknowledgement
from app.tta.facts import SUBJECT
from app.tta.models import TTARequest
from app.tta.queries import Viewer, still_open, visible_to
from app.webhooks.models import Delivery, DeliveryStatus, EndpointStatus, WebhookEndpoint
from app.webhooks.queries import my_endpoints, there

R, A, N, D = TTARequest, Acknowledgement, Notice, Delivery
E, W = Event, WebhookEndpoint
LATE = timedelta(minutes=10)
"""A worker that runs writes every letter and looks at every event within seconds."""


def silences(caller: Principal, now: datetime) -> Select[Any]:
    """Everything of the caller's that nobody has answered: kind, id, about, since, state, told."""
    early = now - LATE
    parts = [_requests(caller), _letters(visible_to(Viewer(caller)), R, SUBJECT, caller, early)]
    if caller.may(Scope.CONTACT_READ):
        seen = contact.visible_to(caller, None)
        parts.append(_letters(seen, ContactSubmission, contact.SUBJECT, caller, early))
    if caller.may(Scope.WEBHOOKS_MANAGE):
        parts += [_webhooks(caller), _letters(my_endpoints(caller), W, "webhook_endpoint", caller, early)]
        parts += [_endpoints(caller), _events(caller, early)]
    return select(union_all(*parts).subquery("silences"))


def _row(kind: str, id_: Any, about: Any, since: Any, state: Any, told: Any) -> list[Any]:
    named = {"id": id_, "about": about, "since": since, "state": state, "told": told}
    return [literal(kind, String).label("kind"), *(column.label(name) for name, column in named.items())]


def _requests(caller: Principal) -> Select[Any]:
    state = case((A.desk_at.is_not(None), "desk"), (A.letter_at.is_not(None), "letter"), else_="waiting")
    mine = visible_to(Viewer(caller)).join(A, A.request_id == R.id)
    return mine.where(A.acknowledged_at.is_(None), still_open()).with_only_columns(
        *_row("request", R.id, R.id, A.confirmed_at, state, func.coalesce(R.external_ref, R.reference))
    )


def _letters(seen: Select[Any], things: Any, subject_type: str, caller: Principal, early: datetime) -> Select[Any]:
    """Letters about what the caller sees."""
    state = case((N.status == NoticeStatus.FAILED, "failed"), else_="waiting")
    mine = seen.order_by(None).join(N, N.subject_id == things.id)
    owed = (N.status == NoticeStatus.QUEUED) & or_(N.attempts > 0, N.queued_at < early)
    late = or_(N.status == NoticeStatus.FAILED, owed)
    if not caller.staff:
        late &= N.recipient != Recipient.STAFF
    return mine.where(N.subject_type == subject_type, late).with_only_columns(
        *_row("notice", N.id, things.id, N.queued_at, state, N.kind)
    )


def _webhooks(caller: Principal) -> Select[Any]:
    state = case((D.status == DeliveryStatus.FAILED, "failed"), else_="waiting")
    return (
        select(*_row("webhook", D.id, D.endpoint_id, D.created_at, state, cast(Event.type, String)))
        .join(Event, Event.id == D.event_id)
        .join(W, W.id == D.endpoint_id)
        .where(D.owner_id == caller.owner_id, same(Event.world_id, caller.world_id))
        .where(D.status != DeliveryStatus.DELIVERED, there())
    )


def _endpoints(caller: Principal) -> Select[Any]:
    ours = my_endpoints(caller).order_by(None).where(W.status == EndpointStatus.DISABLED, W.disabled_reason != "asked")
    return ours.with_only_columns(
        *_row(
            "endpoint", W.id, W.id, func.coalesce(W.failing_since, W.created_at), literal("disabled"), W.disabled_reason
        )
    )


def _events(caller: Principal, early: datetime) -> Select[Any]:
    """Events that would be webhooks by now; of callers who have an endpoint that wants any."""
    dispatched = select(Counter.value).where(Counter.name == "dispatch").scalar_subquery()
    told = [fact.name for fact in public_types()]
    listens = my_endpoints(caller).order_by(None).where(W.status != EndpointStatus.DISABLED).with_only_columns(W.id)
    return select(*_row("event", E.id, E.id, E.at, literal("waiting"), cast(E.type, String))).where(
        E.owner_id == caller.owner_id, same(E.world_id, caller.world_id), E.type.in_(told), E.at < early,
        or_(E.position.is_(None), E.position > dispatched), listens.exists(),
    )  # fmt: skip
