"""Keys on every address: who gets in, who is refused, and how soon a revoked key stops."""

from datetime import timedelta

from tests.access.make import a_key


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
