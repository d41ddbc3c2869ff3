"""Streams that are held open: few for each, one look for all, and nothing lost."""

import asyncio
import json
from contextlib import AsyncExitStack, ExitStack, aclosing
from time import monotonic

import pytest
from sqlalchemy import event

from app.access.principal import Kind, Principal
from app.webhooks import streams as module
from app.webhooks.streams import EACH
from tests.access.make import a_key, an_owner
from tests.sandbox.make import a_sandbox
from tests.webhooks.make import HAPPENS, happen

STREAM = "/v1/events/stream"


def listener(owner) -> Principal:
    return Principal(kind=Kind.PARTNER, name="partner", owner_id=owner.id)


async def heard(streams, caller, after, count) -> list[int]:
    """The numbers of the next events of a stream."""
    found = []
    with streams.place(caller) as place:
        async with asyncio.timeout(20), aclosing(streams.follow(place, after)) as chunks:
            async for chunk in chunks:
                found += [int(line[4:]) for line in chunk.decode().splitlines() if line.startswith("id: ")]
                if len(found) >= count:
                    break
    return found


async def test_an_owner_holds_so_many_streams_and_the_next_is_refused(bare):
    owner = await an_owner(bare)
    keys = [await a_key(bare, owner=owner) for _ in range(2)]
    with ExitStack() as open_:
        for _ in range(EACH):
            open_.enter_context(bare.state.streams.place(listener(owner)))
        for key in keys:
            refused = await bare.client.get(STREAM, headers={"X-Api-Key": key})
            assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-streams")
            assert refused.headers["retry-after"]
        box = await a_sandbox(bare.client)
        assert box.id
        with bare.state.streams.place(listener(await an_owner(bare))):
            pass
    with bare.state.streams.place(listener(owner)):
        pass


async def test_a_process_holds_so_many_streams(bare, monkeypatch):
    monkeypatch.setattr(module, "MOST", 2)
    owner = await an_owner(bare)
    with bare.state.streams.place(listener(owner)), bare.state.streams.place(listener(owner)):
        refused = await bare.client.get(STREAM, headers={"X-Api-Key": await a_key(bare)})
        assert refused.status_code == 503


async def test_a_place_is_given_back_when_its_stream_ends(bare):
    headers = {"X-Api-Key": await a_key(bare)}
    bare.state.stopping.set()  # each stream ends at once
    for _ in range(EACH + 2):
        assert (await bare.client.get(STREAM, headers=headers)).status_code == 200


async def test_every_stream_hears_everything_once_and_in_order_whenever_it_began(bare, monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0.01)
    monkeypatch.setattr(module, "BATCH", 3)
    monkeypatch.setattr(module, "LOOKED_AT", 4)
    owner, other = await an_owner(bare), await an_owner(bare)
    streams, caller, n = bare.state.streams, listener(owner), 40
    early = [asyncio.create_task(heard(streams, caller, 0, n)) for _ in range(3)]
    late = []
    for turn in range(n):
        await happen(bare, other if turn % 3 == 0 else owner)
        await happen(bare, owner)
        await bare.drain()
        if turn % 10 == 0:
            late.append(asyncio.create_task(heard(streams, caller, 0, n)))
    expected = []
    query = {"limit": 200}
    headers = {"X-Api-Key": await a_key(bare, owner=owner)}
    feed = (await bare.client.get("/v1/events", params=query, headers=headers)).json()["items"]
    expected = [item["sequence"] for item in feed]
    for found in await asyncio.gather(*early, *late):
        assert found[:n] == expected[:n]


async def test_quiet_streams_share_one_look(bare, monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0.02)
    asked = []

    @event.listens_for(bare.database.reader.sync_engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    owner = await an_owner(bare)
    async with AsyncExitStack() as open_:
        waiting = []
        for _ in range(8):
            place = open_.enter_context(bare.state.streams.place(listener(owner)))
            stream = bare.state.streams.follow(place, 0)
            await anext(stream)
            waiting.append(asyncio.create_task(anext(stream)))
        await asyncio.sleep(0.1)
        asked.clear()
        began = monotonic()
        await asyncio.sleep(0.2)
        looks = [statement for statement in asked if "event" in statement]
        assert 1 <= len(looks) <= (monotonic() - began) / 0.02 + 2  # eight that looked apart would be eight times that
        await happen(bare, owner)
        await bare.drain()
        chunks = await asyncio.gather(*waiting)
        assert {json.loads(chunk.split(b"data: ")[1])["type"] for chunk in chunks} == {HAPPENS}


@pytest.mark.parametrize("same_world", [True, False])
async def test_nobody_is_woken_by_what_is_not_theirs(bare, same_world):
    mine, other = await an_owner(bare), await an_owner(bare)
    with bare.state.streams.place(listener(mine)) as place:
        assert place.concerns(mine.id, None)
        assert not place.concerns(other.id if same_world else mine.id, None if same_world else other.id)
