"""Every SELECT about owners and keys. `keys_seen_by` and `owners_seen_by` are the only way to them for a caller."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select

from app.access.models import ApiKey, Owner, Role
from app.access.principal import Principal
from app.access.schemas import KeyQuery, KeyStatus, OwnerQuery


def owners_seen_by(caller: Principal) -> Select[Any]:
    """Staff see every owner of their world, a partner itself."""
    seen = select(Owner).where(same(Owner.world_id, caller.world_id))
    return seen if caller.staff else seen.where(Owner.id == caller.owner_id)


def keys_seen_by(caller: Principal) -> Select[ApiKey, Owner]:
    """Staff see every key of their world, a partner its own."""
    seen = select(ApiKey, Owner).join(Owner, Owner.id == ApiKey.owner_id).where(same(ApiKey.world_id, caller.world_id))
    return seen if caller.staff else seen.where(ApiKey.owner_id == caller.owner_id)


def matching_owners(caller: Principal, wanted: OwnerQuery) -> Select[Any]:
    """The owners that a query asks for."""
    found = owners_seen_by(caller)
    return found.where(Owner.kind == wanted.kind) if wanted.kind else found


def matching_keys(caller: Principal, wanted: KeyQuery, now: datetime) -> Select[ApiKey, Owner]:
    """The keys that a query asks for."""
    found = keys_seen_by(caller)
    if wanted.owner_id:
        found = found.where(ApiKey.owner_id == wanted.owner_id)
    if wanted.status:
        found = found.where(in_status(wanted.status, now))
    return found


def in_status(status: KeyStatus, now: datetime) -> ColumnElement[bool]:
    """Whether a key is in a state: revoked beats expired."""
    lasting = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)
    if status is KeyStatus.REVOKED:
        return ApiKey.revoked_at.is_not(None)
    return and_(ApiKey.revoked_at.is_(None), lasting if status is KeyStatus.ACTIVE else ~lasting)


def status_of(key: ApiKey, now: datetime) -> KeyStatus:
    """The state of one key."""
    if key.revoked_at is not None:
        return KeyStatus.REVOKED
    return KeyStatus.EXPIRED if key.expires_at is not None and key.expires_at <= now else KeyStatus.ACTIVE


def owner_called(kind: Role, name: str) -> Select[Any]:
    """The oldest owner of a name in the real world."""
    return select(Owner).where(Owner.kind == kind, Owner.name == name, Owner.world_id.is_(None)).order_by(Owner.id)


def same(column: Any, value: UUID | None) -> ColumnElement[bool]:
    """Equal, where both may be null: the world of a row and of a caller."""
    equal: ColumnElement[bool] = column.is_(None) if value is None else column == value
    return equal
