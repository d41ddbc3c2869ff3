"""Owners and their keys.

A key's life runs by the real clock, in sandboxes too: moving a world's clock must not end the key that moves it.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import service
from app.access.deps import Caller, allowed, open_work
from app.access.models import ApiKey, Owner
from app.access.principal import Principal
from app.access.queries import keys_seen_by, matching_keys, matching_owners, owners_seen_by, status_of
from app.access.schemas import (
    KeyIn,
    KeyMade,
    KeyOut,
    KeyPage,
    KeyQuery,
    OwnerChange,
    OwnerIn,
    OwnerOut,
    OwnerPage,
    OwnerQuery,
    RotateIn,
)
from app.access.scopes import Scope, known
from app.core.errors import Invalid, NotFound
from app.core.links import cursor_links
from app.core.paging import link_header
from app.core.web import Reading, new_router, problems
from app.core.work import Work

router = new_router("/v1", "Keys")
Manager = Annotated[Principal, allowed(Scope.KEYS_MANAGE)]
StaffManager = Annotated[Principal, allowed(Scope.KEYS_MANAGE, staff=True)]


async def _key_work(request: Request, caller: Caller) -> AsyncIterator[Work]:
    """A unit of work after which every key is looked up again, so that a revoked one stops at once."""
    try:
        async with open_work(request, caller, request.app.state.clock()) as work:
            yield work
    finally:
        request.app.state.keyring.forget()


KeyWork = Annotated[Work, Depends(_key_work, scope="function")]


@router.get("/owners", operation_id="listOwners")
async def list_owners(
    response: Response, session: Reading, caller: Manager, query: Annotated[OwnerQuery, Query()]
) -> OwnerPage:
    """List owners of keys, newest first: staff see all, a partner itself."""
    wanted = matching_owners(caller, query)
    total = await session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    if query.before:
        wanted = wanted.where(Owner.id < query.before)
    found = list(await session.scalars(wanted.order_by(Owner.id.desc()).limit(query.limit + 1)))
    more, found = len(found) > query.limit, found[: query.limit]
    links = cursor_links("/v1/owners", query, "before", str(found[-1].id) if more else None)
    response.headers.update(link_header(links))
    return OwnerPage.model_validate({"items": [_owner(o) for o in found], "total": total, "links": links})


@router.post("/owners", operation_id="createOwner", status_code=201)
async def create_owner(response: Response, caller: StaffManager, work: KeyWork, asked: OwnerIn) -> OwnerOut:
    """Add an owner of keys (staff)."""
    owner = service.create_owner(work, asked.kind, asked.name, asked.contact_email)
    response.headers["Location"] = f"/v1/owners/{owner.id}"
    return OwnerOut.model_validate(_owner(owner))


@router.get("/owners/{owner_id}", operation_id="getOwner", responses=problems(NotFound))
async def get_owner(session: Reading, caller: Manager, owner_id: UUID) -> OwnerOut:
    """Get one owner."""
    found = await session.scalar(owners_seen_by(caller).where(Owner.id == owner_id))
    if found is None:
        raise NotFound("There is no owner of this id that you may see.")
    return OwnerOut.model_validate(_owner(found))


@router.patch("/owners/{owner_id}", operation_id="changeOwner", responses=problems(NotFound))
async def change_owner(caller: StaffManager, work: KeyWork, owner_id: UUID, asked: OwnerChange) -> OwnerOut:
    """Change an owner's name, or whom to write to (staff).

    Letters that are still to be written go to the new address.
    """
    owner = await work.session.scalar(
        owners_seen_by(caller).where(Owner.id == owner_id).with_for_update(key_share=True)
    )
    if owner is None:
        raise NotFound("There is no owner of this id that you may see.")
    given = asked.model_dump(include=asked.model_fields_set)
    service.change_owner(work, owner, {k: v for k, v in given.items() if v is not None or k == "contact_email"})
    return OwnerOut.model_validate(_owner(owner))


@router.get("/keys", operation_id="listKeys")
async def list_keys(
    request: Request, response: Response, session: Reading, caller: Manager, query: Annotated[KeyQuery, Query()]
) -> KeyPage:
    """List keys, newest first: staff see all, a partner its own."""
    now = request.app.state.clock()
    wanted = matching_keys(caller, query, now)
    total = await session.scalar(select(func.count()).select_from(wanted.with_only_columns(ApiKey.id).subquery())) or 0
    if query.before:
        wanted = wanted.where(ApiKey.id < query.before)
    found = (await session.execute(wanted.order_by(ApiKey.id.desc()).limit(query.limit + 1))).all()
    more, found = len(found) > query.limit, found[: query.limit]
    links = cursor_links("/v1/keys", query, "before", str(found[-1].ApiKey.id) if more else None)
    response.headers.update(link_header(links))
    items = [_key(row.ApiKey, row.Owner, now) for row in found]
    return KeyPage.model_validate({"items": items, "total": total, "links": links})


@router.post("/keys", operation_id="createKey", status_code=201, responses=problems(service.MayNotGrant, Invalid))
async def create_key(response: Response, caller: StaffManager, work: KeyWork, asked: KeyIn) -> KeyMade:
    """Make a key for an owner (staff).

    The answer shows the key this once; it is stored nowhere.
    """
    owner = await work.session.scalar(owners_seen_by(caller).where(Owner.id == asked.owner_id))
    if owner is None:
        raise Invalid([{"pointer": "/owner_id", "detail": "There is no such owner; `GET /v1/owners` lists them."}])
    key, text = await service.create_key(
        work, owner, label=asked.label or "", scopes=asked.scopes, expires_at=asked.expires_at
    )
    service.may_hand_out(caller, known(key.scopes), owner.kind)
    response.headers["Location"] = f"/v1/keys/{key.id}"
    return KeyMade.model_validate({**_key(key, owner, work.now), "key": text})


@router.get("/keys/{key_id}", operation_id="getKey", responses=problems(NotFound))
async def get_key(request: Request, session: Reading, caller: Manager, key_id: UUID) -> KeyOut:
    """Get what is known of one key: everything but the key."""
    key, owner = await _find(session, caller, key_id)
    return KeyOut.model_validate(_key(key, owner, request.app.state.clock()))


@router.post(
    "/keys/{key_id}/rotate", operation_id="rotateKey", status_code=201,
    responses=problems(service.MayNotGrant, NotFound, service.KeyNotActive, service.RotationUnfinished, Invalid),
)  # fmt: skip
async def rotate_key(response: Response, caller: Manager, work: KeyWork, key_id: UUID, asked: RotateIn) -> KeyMade:
    """Replace a key by a new one that may do the same.

    The answer shows the new key this once. The old one goes on working for `overlap_hours`, so that both may be in
    use while yours is exchanged; then it expires. Lost the answer? Rotate again: the key you never saw stops at once.
    A partner's new key ends when the old one would have; staff may give more. While the key before yours still works,
    yours is not rotated.
    """
    key, owner = await _find(work.session, caller, key_id, lock=True)
    service.may_hand_out(caller, known(key.scopes), owner.kind)
    overlap = timedelta(hours=asked.overlap_hours)
    new, text = await service.rotate_key(
        work, key, owner, overlap=overlap, lengthen=caller.staff, expires_at=asked.expires_at
    )
    response.headers["Location"] = f"/v1/keys/{new.id}"
    return KeyMade.model_validate({**_key(new, owner, work.now), "key": text})


@router.post("/keys/{key_id}/revoke", operation_id="revokeKey", responses=problems(NotFound))
async def revoke_key(caller: Manager, work: KeyWork, key_id: UUID) -> KeyOut:
    """Stop a key for good.

    It stops at once on the server that answers, and within two seconds on every other. Done twice is done once.
    """
    key, owner = await _find(work.session, caller, key_id, lock=True)
    service.revoke_key(work, key)
    return KeyOut.model_validate(_key(key, owner, work.now))


async def _find(session: AsyncSession, caller: Principal, key_id: UUID, *, lock: bool = False) -> tuple[ApiKey, Owner]:
    wanted = keys_seen_by(caller).where(ApiKey.id == key_id)
    if lock:
        wanted = wanted.with_for_update(of=ApiKey)
    row = (await session.execute(wanted)).one_or_none()
    if row is None:
        raise NotFound("There is no key of this id that you may see.")
    return row.ApiKey, row.Owner


def _owner(owner: Owner) -> dict[str, Any]:
    names = ("id", "kind", "name", "contact_email", "created_at")
    return {**{name: getattr(owner, name) for name in names}, "href": f"/v1/owners/{owner.id}"}


def _key(key: ApiKey, owner: Owner, now: Any) -> dict[str, Any]:
    names = ("id", "prefix", "label", "created_at", "expires_at", "revoked_at", "last_used_at")
    return {
        **{name: getattr(key, name) for name in names},
        "href": f"/v1/keys/{key.id}",
        "owner": {"id": owner.id, "kind": owner.kind, "name": owner.name},
        "scopes": sorted(known(key.scopes)),
        "status": status_of(key, now),
        "replaced_by": key.replaced_by_id,
    }
