"""Keys on every address: who gets in, who is refused, and how soon a revoked key stops."""

from datetime import timedelta

from app.access import keys
from app.access.models import ApiKey, Owner, Role
from app.access.scopes import GRANTABLE
from app.core.ids import new_id


async def a_key(world, role=Role.PARTNER, *, scopes=None, name="Madison Police Department", **columns) -> str:
    text = keys.make()
    parsed = keys.parse(text)
    owner = Owner(id=new_id(), kind=role, name=name, contact_email=None, created_at=world.clock(), world_id=None)
    async with world.database.write() as session:
        session.add(owner)
        await session.flush()
        session.add(
            ApiKey(
                id=new_id(), owner_id=owner.id, prefix=parsed.prefix, digest=parsed.digest,
                scopes=sorted(scopes if scopes is not None else GRANTABLE[role]), label="test",
                created_at=world.clock(), **{"expires_at": None, "revoked_at": None, **columns},
            )
        )  # fmt: skip
    return text


async def test_a_good_key_reads_public_content(bare):
    key = await a_key(bare)
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-Api-Key": key}, {"Authorization": f"bearer {key}"}):
        assert (await bare.client.get("/livez", headers=headers)).status_code == 200


async def test_an_expired_key_is_refused(bare):
    key = await a_key(bare, expires_at=bare.clock() + timedelta(hours=1))
    assert (await bare.client.get("/livez", headers={"X-Api-Key": key})).status_code == 200
    bare.clock.advance(hours=1)
    answer = await bare.client.get("/livez", headers={"X-Api-Key": key})
    assert (answer.status_code, answer.json()["reason"]) == (401, "expired")
