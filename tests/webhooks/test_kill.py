"""`kill -9` of real workers in the middle of delivering: every event arrives, under one id, and the attempts are told.

Two workers run at a time. Whenever as many webhooks have come as chance wants, one of them is killed and another takes
its place; then one works quietly to the end.
"""

import asyncio
import json
import random
from collections import defaultdict
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select, update

from app.core.clock import utcnow
from app.webhooks.models import Delivery, DeliveryStatus
from tests.access.make import a_key, an_owner
from tests.make import ROOT, running
from tests.ops.make import PMHC, environment
from tests.webhooks.make import happen, receiver

KILLS, EVENTS, PARTNERS = 2, 40, 3


@asynccontextmanager
async def workers(url, log):
    """A function that starts one more `pmhc worker`; those that live at the end are killed."""
    started = []

    async def start():
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                PMHC, "worker", cwd=ROOT, env=environment(url, APP_WEBHOOK_LOOPBACK="1", APP_DATABASE_POOL="5"),
                stdout=file, stderr=file,
            )  # fmt: skip
        started.append(process)
        return process

    try:
        yield start
    finally:
        for process in started:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def end_leases(database):
    """A minute goes by: what the dead had in hand is free again."""
    async with database.write() as session:
        waiting = update(Delivery).where(Delivery.status == DeliveryStatus.PENDING)
        await session.execute(waiting.values(next_attempt_at=utcnow()))


async def owed(database):
    async with database.read() as session:
        return await session.scalar(select(Delivery.id).where(Delivery.status == DeliveryStatus.PENDING).limit(1))


async def registered(world, url):
    """A partner with an endpoint; answers it and its key's header."""
    owner = await an_owner(world)
    auth = {"X-Api-Key": await a_key(world, owner=owner)}
    made = await world.client.post("/v1/webhook-endpoints", json={"url": url}, headers=auth)
    assert made.status_code == 201, made.text
    return owner, auth


@pytest.mark.timeout(120)
async def test_no_event_is_lost_when_workers_are_killed_while_they_deliver(bare_url, tmp_path):
    chance = random.Random(9)
    async with (
        receiver() as theirs,
        running(bare_url, webhook_loopback=True) as world,
        workers(bare_url, tmp_path / "workers.log") as start,
    ):
        world.clock.now = utcnow()
        partners = [await registered(world, theirs.url) for _ in range(PARTNERS)]
        happened = [set() for _ in partners]
        running_now = [await start(), await start()]
        for _ in range(KILLS):
            for (owner, _), ids in zip(partners, happened, strict=True):
                ids |= set(await happen(world, owner, n=EVENTS))
            enough = len(set(theirs.ids)) + chance.randrange(1, EVENTS * PARTNERS // 2)
            async with asyncio.timeout(60):
                await theirs.until(lambda came, enough=enough: len(came) >= enough)
            dying = running_now.pop(0)
            dying.kill()
            await dying.wait()
            running_now.append(await start())
            await end_leases(world.database)
        for process in running_now:
            process.kill()
            await process.wait()
        await end_leases(world.database)
        quiet = await start()
        async with asyncio.timeout(60):
            await theirs.until(lambda came: came >= set.union(*happened))
            # What the dead sent and did not settle comes once more.
            while await owed(world.database):
                await asyncio.sleep(0.02)
        quiet.terminate()
        assert await quiet.wait() == 0, (tmp_path / "workers.log").read_text()
        bodies = defaultdict(set)
        for headers, body in theirs.came:
            assert headers["webhook-id"] == json.loads(body)["id"]
            bodies[headers["webhook-id"]].add(body)
        assert set(bodies) == set.union(*happened), "every event, and nothing that did not happen"
        assert all(len(told) == 1 for told in bodies.values()), "always the same body"
        for (_, auth), ids in zip(partners, happened, strict=True):
            assert {delivery["event_id"] for delivery in await settled(world, auth)} == ids


async def settled(world, auth):
    """Every delivery of a partner; each is delivered, and its attempts say so."""
    found, url = [], "/v1/deliveries?limit=200"
    while url:
        page = (await world.client.get(url, headers=auth)).json()
        found += page["items"]
        url = page["links"]["next"]
    for delivery in found:
        assert delivery["status"] == "delivered"
        assert delivery["attempt_count"] >= len(delivery["attempts"]) >= 1
        assert delivery["attempts"][0]["outcome"] == "delivered"
    return found
