"""The one statement behind the list of silences: three kinds of rows, one order.

What is listed, and until when:

- `request`: confirmed and not acknowledged, until somebody acknowledges it or it ends;
- `webhook`: a delivery that waits or has failed, until it is delivered;
- `notice`: a letter about a request, a submission or an endpoint that failed or is being tried again, until it is out.
"""

from typing import Any

from sqlalchemy import Select, String, case, cast, func, literal, or_, select, union_all

from app.access.principal import Principal
from app.access.queries import same
from app.access.scopes import Scope
from app.contact import service as contact
from app.contact.models import ContactSubmission
from app.core.notices import Notice, NoticeStatus, Recipient
from app.core.work import Event
from app.tta.acknowledgement import Acknowledgement
from app.tta.facts import SUBJECT
from app.tta.models import TTARequest
from app.tta.queries import Viewer, still_open, visible_to
from app.webhooks.models import Delivery, DeliveryStatus, WebhookEndpoint
from app.webhooks.queries import my_endpoints

R, A, N, D = TTARequest, Acknowledgement, Notice, Delivery


def silences(caller: Principal) -> Select[Any]:
    """Everything of the caller's that nobody has answered: kind, id, about, since, state, told."""
    parts = [_requests(caller), _letters(visible_to(Viewer(caller)), R, SUBJECT, caller)]
    if caller.may(Scope.CONTACT_READ):
        parts.append(_letters(contact.visible_to(caller, None), ContactSubmission, contact.SUBJECT, caller))
    if caller.may(Scope.WEBHOOKS_MANAGE):
        parts += [_webhooks(caller), _letters(my_endpoints(caller), WebhookEndpoint, "webhook_endpoint", caller)]
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


def _letters(seen: Select[Any], things: Any, subject_type: str, caller: Principal) -> Select[Any]:
    """Letters about what the caller sees."""
    state = case((N.status == NoticeStatus.FAILED, "failed"), else_="waiting")
    mine = seen.order_by(None).join(N, N.subject_id == things.id)
    late = or_(N.status == NoticeStatus.FAILED, (N.status == NoticeStatus.QUEUED) & (N.attempts > 0))
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
        .where(D.owner_id == caller.owner_id, same(Event.world_id, caller.world_id))
        .where(D.status != DeliveryStatus.DELIVERED)
    )
