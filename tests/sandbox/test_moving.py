"""A clock that a stranger moves costs a bounded time, whatever is in its way."""

import asyncio
import itertools
import json
from collections import Counter
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from app.access.models import World as Row
from app.core.work import Event
from app.sandbox import moving
from app.sandbox.moving import AT_ONCE
from app.tta.sweep import WORLDS, tell_steps
from tests.sandbox.make import a_sandbox
from tests.sandbox.test_sandbox import instant

CLOCK = "/v1/sandboxes/current/clock"


async def offset(world, box) -> timedelta:
    async with world.database.read() as session:
        return timedelta(seconds=(await session.get_one(Row, UUID(box.id))).offset_seconds)


async def test_when_its_time_is_up_a_move_says_how_far_is_left_and_the_same_call_goes_on(world, monkeypatch):
    box = await a_sandbox(world.client)
    before = instant((await box.get("/v1/sandboxes/current"))["now"])
    await box.listens()
    request = await box.asks()
    # Time passes by the look: each call has a few of them.
    monkeypatch.setattr(moving, "monotonic", itertools.count().__next__)
    monkeypatch.setattr(moving, "PATIENCE", 8)
    left, calls, happened = "PT37H", 0, []
    while left:
        told = await box.waits(left)
        happened += told["happened"]
        left, calls = told["left"], calls + 1
    assert calls > 1
    assert instant(told["now"]) - before == timedelta(hours=37)
    steps = [e["data"]["step"] for e in happened if e["type"] == "tta.escalated"]
    assert steps == [50, 75, 90, 100]
    [breach] = [e for e in happened if e["type"] == "tta.promise_breached"]
    late = instant(breach["occurred_at"]) - instant(request["received_at"]) - timedelta(hours=36)
    assert timedelta() < late <= timedelta(seconds=2)


async def test_a_move_stops_when_nobody_waits_for_its_answer(world):
    box = await a_sandbox(world.client)
    await box.asks()
    sent = iter([{"type": "http.request", "body": json.dumps({"advance": "P30D"}).encode(), "more_body": False}])

    async def receive():
        return next(sent, {"type": "http.disconnect"})

    async def send(_message):
        pass

    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": CLOCK, "raw_path": CLOCK.encode(),
        "query_string": b"", "root_path": "", "scheme": "http", "client": ("127.0.0.1", 1), "server": ("test", 80),
        "headers": [(b"host", b"test"), (b"content-type", b"application/json"), (b"x-api-key", box.key.encode())],
        "state": {},
    }  # fmt: skip
    await world.app(scope, receive, send)
    assert await offset(world, box) == timedelta()


async def test_many_moves_of_one_clock_at_once_pass_no_limit(bare):
    box = await a_sandbox(bare.client)
    asked = [bare.client.post(CLOCK, json={"advance": "P30D"}, headers=box.headers) for _ in range(20)]
    statuses = Counter(answer.status_code for answer in await asyncio.gather(*asked))
    assert statuses == {200: 12, 422: 8}
    assert await offset(bare, box) == timedelta(days=360)


async def test_who_waits_too_long_for_a_turn_is_told_when_to_come_again(bare, monkeypatch):
    monkeypatch.setattr(moving, "TURN_SECONDS", 0.05)
    box, other = await a_sandbox(bare.client), await a_sandbox(bare.client)
    turns = bare.state.turns
    async with turns.of(UUID(box.id)):
        refused = await bare.client.post(CLOCK, json={"advance": "PT1H"}, headers=box.headers)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/clock-busy")
        assert refused.headers["retry-after"] == "5"
        await other.waits("PT1H")  # another clock has its own turn
    await box.waits("PT1H")
    assert await offset(bare, box) == timedelta(hours=1)


async def test_a_process_moves_few_clocks_at_once(bare, monkeypatch):
    monkeypatch.setattr(moving, "TURN_SECONDS", 0.05)
    box = await a_sandbox(bare.client)
    others = [bare.state.turns.of(UUID(int=n)) for n in range(AT_ONCE)]
    for one in others:
        await one.__aenter__()
    refused = await bare.client.post(CLOCK, json={"advance": "PT1H"}, headers=box.headers)
    assert refused.status_code == 409
    for one in others:
        await one.__aexit__(None, None, None)
    await box.waits("PT1H")


async def test_however_many_sandboxes_there_are_each_has_its_turn(world):
    """One far ahead makes everything of everybody look due by its time; a round takes but some sandboxes."""
    boxes = [await a_sandbox(world.client) for _ in range(WORLDS + 8)]
    asked = {box.id: (await box.asks())["id"] for box in boxes}
    await boxes[0].waits("P30D")
    for box in (boxes[1], boxes[-2], boxes[-1]):
        happened = (await box.waits("PT37H"))["happened"]
        assert [e["data"]["step"] for e in happened if e["type"] == "tta.escalated"] == [50, 75, 90, 100]
    untouched = boxes[2:-2]
    assert await tell_steps(world.database, world.clock()) == 0
    world.clock.advance(hours=19)
    while await tell_steps(world.database, world.clock()):
        pass
    async with world.database.read() as session:
        told = select(Event.subject_id).where(Event.type == "tta.escalated", Event.data["step"].as_integer() == 50)
        assert {asked[box.id] for box in untouched} <= set(await session.scalars(told))
