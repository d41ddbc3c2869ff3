"""What happens to owners and keys. Each function is one fact: change the row, record why.

A key's life: created → (rotated: it expires after the overlap, another stands in its place) → expired or revoked.
A rotation never lengthens what was given: the end of a partner's key is staff's to set, so the new key ends when the
old one would have. Nor does it multiply keys: of each line two work at most, the newest and the one before it. A key
rotated again loses the successor it had; one whose predecessor still works is not rotated.
Nobody gives away more than he has: a key of staff gets at most the scopes of the key that makes or rotates it, and a
partner's at most those that partners may hold. The command line, which has the database anyway, stands above that.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import select

from app.access import keys
from app.access.models import ApiKey, Owner, Role
from app.access.principal import Principal
from app.access.queries import status_of
from app.access.schemas import KeyStatus
from app.access.scopes import GRANTABLE, Scope, known
from app.core.clock import rfc3339
from app.core.errors import Conflict, Forbidden, Invalid
from app.core.facts import Data, define
from app.core.ids import new_id
from app.core.work import Work


class MayNotGrant(Forbidden):
    """A key cannot hand out more than it may do itself. Use a key that has every scope the other one has or gets;
    `GET /v1/whoami` lists the scopes of yours."""

    title = "The key cannot grant this"


class KeyNotActive(Conflict):
    """The key has expired or was revoked; there is nothing left to replace. Ask staff for a new key."""

    title = "The key is not active"


class RotationUnfinished(Conflict):
    """The key stands in a rotation that is not over: either another key that still works was replaced by it, or the
    key that replaced it was itself replaced. Wait until the older key has expired or revoke it; or rotate the newest
    key of the line, which `replaced_by` leads to."""

    title = "A rotation is not over"


class OwnerCreated(Data):
    """An owner was added."""

    kind: Role


class OwnerChanged(Data):
    """What was changed of an owner. Events stay, so they hold no address, and a name only where it is no person's."""

    fields: list[Literal["contact_email", "name"]]
    name_before: str | None = Field(None, description="Of a partner's system.")
    name: str | None = None
    has_contact_email_before: bool
    has_contact_email: bool


class KeyCreated(Data):
    """A key was made."""

    prefix: str
    scopes: list[Scope]
    expires_at: str | None = Field(json_schema_extra={"format": "date-time"})


class KeyRotated(Data):
    """A key was replaced; it works until `expires_at`."""

    prefix: str
    expires_at_before: str | None = Field(json_schema_extra={"format": "date-time"})
    expires_at: str = Field(json_schema_extra={"format": "date-time"})
    replaced_by: UUID


class KeyRevoked(Data):
    """A key was stopped."""

    prefix: str
    status_before: KeyStatus
    status: KeyStatus


OWNER_CREATED = define("owner.created", "An owner of keys was added.", OwnerCreated, public=False)
OWNER_CHANGED = define("owner.changed", "An owner's name or address was changed.", OwnerChanged, public=False)
KEY_CREATED = define("key.created", "A key was made for you.", KeyCreated)
KEY_ROTATED = define("key.rotated", "One of your keys was replaced; it works until the overlap ends.", KeyRotated)
KEY_REVOKED = define("key.revoked", "One of your keys was stopped.", KeyRevoked)


def create_owner(work: Work, kind: Role, name: str, contact_email: str | None = None) -> Owner:
    """Add an owner."""
    owner = Owner(
        id=new_id(), kind=kind, name=name, contact_email=contact_email, created_at=work.now, world_id=work.world_id
    )
    work.session.add(owner)
    work.record(OWNER_CREATED.name, "owner", owner.id, owner_id=owner.id, kind=kind)
    return owner


def change_owner(work: Work, owner: Owner, asked: Mapping[str, str | None]) -> None:
    """Change what is given of an owner's `name` and `contact_email`."""
    changed = [field for field in sorted(asked) if asked[field] != getattr(owner, field)]
    if not changed:
        return
    name, had = owner.name, owner.contact_email is not None
    for field in changed:
        setattr(owner, field, asked[field])
    told = {"name_before": name, "name": owner.name} if "name" in changed and owner.kind is Role.PARTNER else {}
    work.record(
        OWNER_CHANGED.name, "owner", owner.id, owner_id=owner.id, fields=changed, has_contact_email_before=had,
        has_contact_email=owner.contact_email is not None, **told,
    )  # fmt: skip


async def create_key(
    work: Work, owner: Owner, *, label: str = "", scopes: Iterable[Scope] | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:  # fmt: skip
    """Make a key; its text is in the answer and nowhere else."""
    chosen = GRANTABLE[owner.kind] if scopes is None else frozenset(scopes)
    faults = [
        {"pointer": "/scopes", "detail": f"A key of a {owner.kind} cannot hold `{scope}`."}
        for scope in sorted(chosen - GRANTABLE[owner.kind])
    ]
    if expires_at is not None and expires_at <= work.now:
        faults.append({"pointer": "/expires_at", "detail": "This is in the past."})
    if faults:
        raise Invalid(faults)
    text = keys.make()
    parsed = keys.parse(text)
    key = ApiKey(
        id=new_id(), owner_id=owner.id, prefix=parsed.prefix, digest=parsed.digest, scopes=sorted(chosen), label=label,
        created_at=work.now, expires_at=expires_at, revoked_at=None, last_used_at=None, replaced_by_id=None,
        world_id=owner.world_id,
    )  # fmt: skip
    await work.session.flush()  # the owner may be as new as the key
    work.session.add(key)
    work.record(
        KEY_CREATED.name, "key", key.id, owner_id=owner.id, prefix=key.prefix, scopes=sorted(chosen),
        expires_at=rfc3339(expires_at) if expires_at else None,
    )  # fmt: skip
    return key, text


async def rotate_key(
    work: Work, key: ApiKey, owner: Owner, *, overlap: timedelta, lengthen: bool, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Put a new key in the place of an active one, which goes on working while the overlap lasts.

    `lengthen`: the new key may outlive the old one, and has as long a life as that was given.
    """
    status = status_of(key, work.now)
    if status is not KeyStatus.ACTIVE:
        raise KeyNotActive(f"This key is {status}.", key_status=status)
    last = await _last_of_line(work, key)
    expires_at = _end_after(last, work.now, expires_at, lengthen=lengthen)
    if last is not key:
        revoke_key(work, last)
    new, text = await create_key(work, owner, label=key.label, scopes=known(key.scopes), expires_at=expires_at)
    await work.session.flush()
    before, ends = key.expires_at, work.now + overlap
    key.expires_at = min(before, ends) if before else ends
    key.replaced_by_id = new.id
    work.record(
        KEY_ROTATED.name, "key", key.id, owner_id=owner.id, prefix=key.prefix,
        expires_at_before=rfc3339(before) if before else None, expires_at=rfc3339(key.expires_at),
        replaced_by=str(new.id),
    )  # fmt: skip
    return new, text


async def _last_of_line(work: Work, key: ApiKey) -> ApiKey:
    """The key itself, or the one that an earlier rotation put in its place; refuses to make a third that works."""
    for before in await work.session.scalars(select(ApiKey).where(ApiKey.replaced_by_id == key.id)):
        if status_of(before, work.now) is KeyStatus.ACTIVE:
            raise RotationUnfinished(f"{before.prefix}, which this key replaced, still works; revoke it first.")
    if key.replaced_by_id is None:
        return key
    last = await work.session.get_one(ApiKey, key.replaced_by_id, with_for_update=True)
    if last.replaced_by_id is not None:
        raise RotationUnfinished("The key that replaced this one was replaced too; rotate the newest.")
    return last


def _end_after(last: ApiKey, now: datetime, wanted: datetime | None, *, lengthen: bool) -> datetime | None:
    """When the key that follows stops."""
    end = last.expires_at
    if end is None:
        return wanted
    if lengthen:
        return wanted or now + (end - last.created_at)
    if end <= now:
        raise KeyNotActive("The key that replaced this one has expired.", key_status=KeyStatus.EXPIRED)
    if wanted is not None and wanted > end:
        told = f"The new key cannot outlive the old one, which was given until {rfc3339(end)}; staff can give more."
        raise Invalid([{"pointer": "/expires_at", "detail": told}])
    return wanted or end


def revoke_key(work: Work, key: ApiKey) -> None:
    """Stop a key for good; once stopped, nothing more happens to it."""
    if key.revoked_at is None:
        before = status_of(key, work.now)
        key.revoked_at = work.now
        work.record(
            KEY_REVOKED.name, "key", key.id, owner_id=key.owner_id, prefix=key.prefix, status_before=before,
            status=KeyStatus.REVOKED,
        )  # fmt: skip


def may_hand_out(caller: Principal, scopes: Iterable[Scope], kind: Role) -> None:
    """Refuse a caller who would end up with a stronger key than the one it used."""
    if caller.staff and kind is Role.PARTNER:
        return  # staff look after partners' keys without being partners
    missing = sorted(frozenset(scopes) - caller.scopes)
    if missing:
        words = ", ".join(f"`{scope}`" for scope in missing)
        raise MayNotGrant(f"Your key lacks {words}.", scopes_needed=missing)
