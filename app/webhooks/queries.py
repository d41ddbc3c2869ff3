"""Every SELECT about endpoints, deliveries and a caller's events. `mine` is the only way to any of them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select

from app.access.models import ApiKey
from app.access.principal import Principal
from app.core.facts import public_types
from app.core.work import Event
from app.webhooks.models import DELETED, Delivery, DeliveryStatus, WebhookEndpoint
from app.webhooks.schemas import DeliveryQuery

PING = "webhook.ping"
"""The one type of event that is addressed: to the endpoint that it is about, and to no other."""


def my_endpoints(caller: Principal) -> Select[Any]:
    """The caller's own endpoints, in the caller's world."""
    return with_deleted(caller).where(there())


def there() -> ColumnElement[bool]:
    """Whether an endpoint has not been deleted."""
    return or_(WebhookEndpoint.disabled_reason.is_(None), WebhookEndpoint.disabled_reason != DELETED)


def with_deleted(caller: Principal) -> Select[Any]:
    """Every endpoint that the caller has or had."""
    return (
        select(WebhookEndpoint)
        .where(WebhookEndpoint.owner_id == caller.owner_id, _same(WebhookEndpoint.world_id, caller.world_id))
        .order_by(WebhookEndpoint.id)
    )


def my_deliveries(caller: Principal, wanted: DeliveryQuery | None = None) -> Select[Delivery, Event, WebhookEndpoint]:
    """The caller's own deliveries with their events and endpoints, newest first."""
    found = (
        select(Delivery, Event, WebhookEndpoint)
        .join(Event, Event.id == Delivery.event_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == Delivery.endpoint_id)
        .where(Delivery.owner_id == caller.owner_id, _same(Event.world_id, caller.world_id))
        .order_by(Delivery.id.desc())
    )
    if wanted and wanted.endpoint:
        found = found.where(Delivery.endpoint_id == wanted.endpoint)
    if wanted and wanted.status:
        found = found.where(Delivery.status == wanted.status)
    if wanted and wanted.event:
        found = found.where(Delivery.event_id == wanted.event)
    return found


def repeatable(endpoint: WebhookEndpoint, after: int, until: int, *, failed_only: bool) -> Select[Event, Delivery]:
    """Events in a range that an endpoint takes, each with its delivery there, or None; in order.

    With `failed_only` those whose delivery failed, or never was. Its own test events are among them, others' are not.
    """
    told = {fact.name for fact in public_types()} - {PING}
    types = told & set(endpoint.event_types) if endpoint.event_types else told
    own_ping = and_(Event.type == PING, Event.subject_id == str(endpoint.id))
    found = (
        select(Event, Delivery)
        .outerjoin(Delivery, and_(Delivery.event_id == Event.id, Delivery.endpoint_id == endpoint.id))
        .where(
            Event.owner_id == endpoint.owner_id,
            _same(Event.world_id, endpoint.world_id),
            or_(Event.type.in_(sorted(types)), own_ping),
            Event.position > after,
            Event.position <= until,
        )
        .order_by(Event.position)
    )
    failed = or_(Delivery.id.is_(None), Delivery.status == DeliveryStatus.FAILED)
    return found.where(failed) if failed_only else found


def visible_events(caller: Principal) -> Select[Any]:
    """The events a caller may read, in order: a partner its own, staff all of its world."""
    seen = select(Event).where(Event.position.is_not(None), _same(Event.world_id, caller.world_id))
    if not caller.staff:
        types = [fact.name for fact in public_types()]
        seen = seen.where(and_(Event.owner_id == caller.owner_id, Event.type.in_(types)))
    return seen.order_by(Event.position)


def open_keys(keys: Collection[UUID | None], now: datetime) -> Select[Any]:
    """Those of the keys that still work."""
    lasting = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)
    return select(ApiKey.id).where(ApiKey.id.in_(keys), ApiKey.revoked_at.is_(None), lasting)


def _same(column: Any, value: UUID | None) -> ColumnElement[bool]:
    same: ColumnElement[bool] = column.is_(None) if value is None else column == value
    return same
