"""Keys on every address: who gets in, who is refused, and how soon a revoked key stops."""

from datetime import timedelta

from app.access import keys
from tests.access.make import a_key
from tests.make import anyio_thread, migrate, running
from tests.postgres import PostgreSQL


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


async def test_without_its_database_the_server_says_so_and_not_that_a_key_is_bad():
    with PostgreSQL(private=True) as server:
        url = server.create_database("keys")
        await anyio_thread(migrate, url)
        async with running(url) as world:
            key = await a_key(world, "staff")
            server.stop("immediate")
            for text in (key, keys.make()):
                answer = await world.client.get("/v1/whoami", headers={"X-Api-Key": text})
                assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
                assert answer.headers["Retry-After"]
            malformed = await world.client.get("/v1/whoami", headers={"X-Api-Key": key[:-1]})
            assert malformed.status_code == 401
            assert (await world.client.get("/v1/whoami")).status_code == 200
