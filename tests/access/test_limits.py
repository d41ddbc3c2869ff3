"""The documented limit is the enforced one; it is shared where Redis is, and never locks everybody out."""

import asyncio
import re

import pytest
import structlog
from sqlalchemy import select

from app.access import limiter
from app.access.models import World
from app.access.policies import POLICIES, chosen
from tests.access.make import a_key, an_owner
from tests.make import running
from tests.valkey import Valkey

FEW = "anonymous=7/60,intake=4/30,partner=5/60,staff=6/60,sandbox=3/3600,upload=2/60"


@pytest.fixture
def valkey():
    with Valkey() as server:
        yield server


async def passes(client, method, path, **options) -> int:
    """How many requests pass before the first 429; what is refused tells when to come again."""
    for count in range(50):
        answer = await client.request(method, path, **options)
        policy, told = answer.headers["RateLimit-Policy"], answer.headers["RateLimit"]
        quota = int(re.fullmatch(r'"[a-z]+";q=(\d+);w=\d+', policy)[1])
        remaining, seconds = map(int, re.fullmatch(r'"[a-z]+";r=(\d+);t=(\d+)', told).groups())
        assert remaining == max(0, quota - count - 1)
        if answer.status_code == 429:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["type"] == "/problems/too-many-requests"
            assert int(answer.headers["Retry-After"]) == answer.json()["retry_after_seconds"] == seconds
            return count
    raise AssertionError("no limit in 50 requests")


async def test_each_documented_number_is_the_enforced_one(bare_url):
    async with running(bare_url, limits=FEW) as world:
        story = (await world.client.get("/openapi.json")).json()["info"]["description"]
        documented = {m[1]: int(m[2]) for m in re.finditer(r"`([a-z]+)`: (\d+) requests in \d+ seconds", story)}
        assert documented.keys() == {policy.name for policy in POLICIES}
        world.clock.advance(minutes=2)
        for name in ("partner", "staff"):
            headers = {"X-Api-Key": await a_key(world, name)}
            assert await passes(world.client, "GET", "/v1/whoami", headers=headers) == documented[name]
        assert await passes(world.client, "GET", "/v1/whoami?x=1") == documented["anonymous"]
        assert await passes(world.client, "POST", "/v1/tta-requests", json={}) == documented["intake"]
        assert await passes(world.client, "POST", "/v1/sandboxes") == documented["sandbox"]
        file = "/v1/contact-submissions/00000000-0000-0000-0000-000000000001/attachments/2"
        assert await passes(world.client, "PUT", file, content=b"words") == documented["upload"]


async def test_the_limit_starts_anew_when_its_window_ends(bare_url):
    async with running(bare_url, limits=FEW) as world:
        assert await passes(world.client, "POST", "/v1/contact-submissions") == 4
        world.clock.advance(seconds=29.9)
        answer = await world.client.post("/v1/contact-submissions")
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
        world.clock.advance(seconds=0.1)
        assert await passes(world.client, "POST", "/v1/contact-submissions") == 4


async def test_one_owner_does_not_use_up_another_and_no_address_uses_up_a_key(bare_url):
    async with running(bare_url, limits=FEW) as world:
        one, other = await a_key(world), await a_key(world)
        assert await passes(world.client, "GET", "/v1/whoami", headers={"X-Api-Key": one}) == 5
        assert await passes(world.client, "GET", "/v1/whoami", headers={"X-Api-Key": other}) == 5
        assert await passes(world.client, "GET", "/v1/whoami?x=1") == 7


async def test_more_keys_of_one_owner_are_no_larger_limit(bare_url):
    async with running(bare_url, limits=FEW) as world:
        owner = await an_owner(world)
        keys = [await a_key(world, owner=owner) for _ in range(2)]
        href = (await world.client.get("/v1/whoami", headers={"X-Api-Key": keys[0]})).json()["key"]["href"]
        made = await world.client.post(f"{href}/rotate", json={}, headers={"X-Api-Key": keys[0]})
        keys.append(made.json()["key"])
        asked = [await world.client.get("/v1/whoami", headers={"X-Api-Key": key}) for key in keys * 2]
        assert [answer.status_code for answer in asked] == [200] * 3 + [429] * 3
        assert "for each owner" in asked[-1].json()["detail"]


async def test_a_sandbox_is_counted_as_a_whole(bare_url):
    async with running(bare_url, limits=FEW) as world:
        made = (await world.client.post("/v1/sandboxes")).json()
        async with world.database.read() as session:
            [inside] = await session.scalars(select(World.id))
        other = await a_key(world, owner=await an_owner(world, world_id=inside))
        asked = [await world.client.get("/v1/whoami", headers={"X-Api-Key": key}) for key in [made["key"], other] * 3]
        assert [answer.status_code for answer in asked] == [200] * 5 + [429]


async def test_refused_keys_count_against_the_address_they_come_from(bare_url):
    async with running(bare_url, limits=FEW) as world:
        refused = [await world.client.get("/v1/whoami", headers={"X-Api-Key": "pmhc_nope"}) for _ in range(9)]
        assert [answer.status_code for answer in refused] == [401] * 7 + [429] * 2
        told = [answer.headers["RateLimit"] for answer in refused[:2]]
        assert told == ['"anonymous";r=6;t=60', '"anonymous";r=5;t=60']
        good = await world.client.get("/livez", headers={"X-Api-Key": await a_key(world)})
        assert good.status_code == 200


async def test_answers_from_memory_and_the_operators_probes_are_not_counted(bare_url):
    async with running(bare_url, limits=FEW) as world:
        assert "RateLimit" in (await world.client.get("/v1/editions")).headers
        for path in ("/v1/editions", "/livez", "/metrics"):
            for _ in range(20):
                answer = await world.client.get(path)
                assert (answer.status_code, "RateLimit" in answer.headers) == (200, False)


async def test_what_fails_is_limited_too_and_says_so(bare_url):
    async with running(bare_url, limits=FEW) as world:
        for path, options in (("/v1/nowhere", {}), ("/v1/whoami?colour=red", {})):
            assert (await world.client.get(path, **options)).headers["RateLimit-Policy"] == '"anonymous";q=7;w=60'
        broken = await world.client.post("/v1/tta-requests", content=b"{", headers={"Content-Type": "application/json"})
        assert broken.headers["RateLimit"] == '"intake";r=3;t=30'


async def test_behind_a_trusted_proxy_each_client_has_its_own_limit(bare_url):
    async with running(bare_url, limits=FEW, trusted_proxies="127.0.0.0/8") as world:
        for client in ("198.51.100.1", "198.51.100.2"):
            headers = {"X-Forwarded-For": f"6.6.6.6, {client}"}
            assert await passes(world.client, "GET", "/v1/whoami?x=1", headers=headers) == 7
        spoofed = {"X-Forwarded-For": "7.7.7.7, 198.51.100.1"}
        assert (await world.client.get("/v1/whoami?x=1", headers=spoofed)).status_code == 429


async def test_with_redis_replicas_count_together_also_at_once(bare_url, valkey):
    options = {"limits": "intake=20/600", "redis_url": valkey.url}
    async with running(bare_url, **options) as one, running(bare_url, **options) as other:
        for world in (one, other):  # so that no connection is being made in the rush
            assert "store_up 1.0" in (await world.client.get("/metrics")).text
            assert (await world.client.get("/v1/whoami")).headers["RateLimit"]
        posts = [world.client.post("/v1/tta-requests") for _ in range(25) for world in (one, other)]
        statuses = [answer.status_code for answer in await asyncio.gather(*posts)]
        assert (len(statuses) - statuses.count(429), statuses.count(429)) == (20, 30)
        last = await one.client.post("/v1/tta-requests")
        assert 500 < int(last.headers["Retry-After"]) <= 600


async def test_without_redis_limits_are_counted_here_and_the_operator_is_told(bare_url, capsys, monkeypatch):
    monkeypatch.setattr(limiter, "log", structlog.get_logger())  # loggers keep the level of the first application
    with Valkey() as server:
        async with running(bare_url, limits=FEW, redis_url=server.url, log_level="warning") as world:
            assert (await world.client.post("/v1/tta-requests")).headers["RateLimit"].startswith('"intake";r=3')
            server.stop()
            assert await passes(world.client, "POST", "/v1/tta-requests") == 4
            assert "rate_limit_store_up 0.0" in (await world.client.get("/metrics")).text
    assert capsys.readouterr().err.count("limits.store_away") == 1


async def test_a_redis_that_was_never_there_stops_nobody(bare_url):
    async with running(bare_url, limits=FEW, redis_url="redis://127.0.0.1:1/0") as world:
        assert await passes(world.client, "POST", "/v1/tta-requests") == 4


@pytest.mark.parametrize("text", ["intake", "intake=5", "intake=0/60", "intake=5/0", "nobody=5/60", "intake=5/60/1"])
def test_limits_that_cannot_be_read_are_refused_at_the_start(text):
    with pytest.raises(ValueError, match="APP_LIMITS"):
        chosen(text)


def test_without_a_choice_the_table_holds():
    assert list(chosen("").values()) == list(POLICIES)
    assert chosen("intake=9/10, partner=1/1")["intake"].quota == 9
