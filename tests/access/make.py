"""Owners and keys, made without asking anybody."""

from app.access import keys
from app.access.models import ApiKey, Owner, Role
from app.access.scopes import GRANTABLE
from app.core.ids import new_id


async def an_owner(world, role="partner", name="Madison Police Department", **columns) -> Owner:
    owner = Owner(
        id=new_id(), kind=Role(role), name=name,
        **{"created_at": world.clock(), "contact_email": None, "world_id": None, **columns},
    )  # fmt: skip
    async with world.database.write() as session:
        session.add(owner)
    return owner


async def a_key(world, role="partner", *, scopes=None, owner=None, **columns) -> str:
    """The text of a new key of a new owner, or of the one given."""
    owner = owner or await an_owner(world, role)
    text = keys.make()
    parsed = keys.parse(text)
    wanted = GRANTABLE[owner.kind] if scopes is None else scopes
    row = {
        "label": "test", "created_at": world.clock(), "expires_at": None, "revoked_at": None, "last_used_at": None,
        "replaced_by_id": None, "world_id": owner.world_id, **columns,
    }  # fmt: skip
    async with world.database.write() as session:
        session.add(
            ApiKey(
                id=new_id(), owner_id=owner.id, prefix=parsed.prefix, digest=parsed.digest, scopes=sorted(wanted), **row
            )
        )  # fmt: skip
    return text
