"""When an endpoint that fails is tried again: after one wait for one blip, and at once when a person asks."""

import asyncio
from datetime import datetime

import pytest

from app.webhooks import retry
from tests.webhooks.make import deliveries, happen, receiver, register


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def look(desk, auth, made) -> dict:
    return (await desk.client.get(f"/v1/webhook-endpoints/{made['id']}", headers=auth)).json()


async def change(desk, auth, made, **asked) -> dict:
    answer = await desk.client.patch(f"/v1/webhook-endpoints/{made['id']}", json=asked, headers=auth)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def fail_for_hours(desk, partner, auth, made) -> None:
    """Let an endpoint fail until its next try is far ahead."""
    await happen(desk, partner)
    for wait in (0, *retry.WAITS[:4]):
        desk.clock.advance(seconds=wait * 1.3)
        await desk.drain()
    assert (instant((await look(desk, auth, made))["retry_at"]) - desk.clock()).total_seconds() > 3600


async def test_four_tries_that_meet_one_blip_cost_one_wait(desk, partner, auth):
    async with receiver(script=["hang"] * 4, status=503) as theirs:
        made = await register(desk, auth, theirs.url)
        ids = await happen(desk, partner, n=6)
        worker = desk.state.worker
        worker.start()
        async with asyncio.timeout(30):
            await theirs.until(lambda came: len(came) == 4)
            theirs.open.set()
            while (await look(desk, auth, made))["retry_at"] is None:
                await asyncio.sleep(0.01)
            await worker.stop()
        assert len(theirs.came) == 4
        theirs.status = 204
        first = retry.WAITS[0] * (1 + retry.JITTER)
        assert (instant((await look(desk, auth, made))["retry_at"]) - desk.clock()).total_seconds() <= first
        desk.clock.advance(seconds=first)
        await desk.drain()
        desk.clock.advance(seconds=first)
        await desk.drain()
        assert {one["event_id"] for one in await deliveries(desk, auth, status="delivered")} == set(ids)
        assert (await look(desk, auth, made))["failing_since"] is None


async def test_a_wait_that_one_of_several_answers_asks_for_is_kept(desk, partner, auth):
    async with receiver(script=[429] * 4, headers="retry-after: 600\r\n") as theirs:
        made = await register(desk, auth, theirs.url)
        await happen(desk, partner, n=4)
        await desk.drain()
        assert (instant((await look(desk, auth, made))["retry_at"]) - desk.clock()).total_seconds() >= 599


async def test_a_delivery_tells_the_true_time_of_its_next_try(desk, partner, auth):
    async with receiver(status=500) as theirs:
        made = await register(desk, auth, theirs.url)
        await fail_for_hours(desk, partner, auth, made)
        await happen(desk, partner)
        await desk.drain()
        retry_at = (await look(desk, auth, made))["retry_at"]
        newest, first = await deliveries(desk, auth)
        assert newest["next_attempt_at"] == retry_at
        assert instant(first["next_attempt_at"]) >= instant(retry_at)
        one = await desk.client.get(f"/v1/deliveries/{newest['id']}", headers=auth)
        assert one.json() == newest
        await change(desk, auth, made, status="paused")
        assert [one["next_attempt_at"] for one in await deliveries(desk, auth)] == [None, None]


@pytest.mark.parametrize("asked", ["ping", "one", "range", "url"])
async def test_a_person_who_asks_has_it_tried_at_once(desk, partner, auth, asked):
    async with receiver(status=500) as theirs, receiver() as another:
        made = await register(desk, auth, theirs.url)
        await fail_for_hours(desk, partner, auth, made)
        ids = set(await happen(desk, partner, n=3))
        await desk.drain()
        waiting = await deliveries(desk, auth)
        theirs.came.clear()
        theirs.status = 204
        body = {"json": {"endpoint_id": made["id"]}} if asked == "range" else {}
        if asked == "url":
            await change(desk, auth, made, url=another.url)
        else:
            path = {
                "ping": f"/v1/webhook-endpoints/{made['id']}/test",
                "one": f"/v1/deliveries/{waiting[0]['id']}/redeliver",
                "range": "/v1/deliveries/redeliver",
            }[asked]
            answer = await desk.client.post(path, headers=auth, **body)
            assert answer.status_code == 202, answer.text
        await desk.drain()
        arrived = another if asked == "url" else theirs
        assert {one["event_id"] for one in waiting} | ids <= set(arrived.ids)


async def test_what_a_person_waits_for_goes_out_before_the_backlog(desk, partner, auth):
    async with receiver(status=500) as theirs:
        made = await register(desk, auth, theirs.url)
        await fail_for_hours(desk, partner, auth, made)
        await happen(desk, partner, n=5)
        await desk.drain()
        desk.clock.advance(minutes=1)
        theirs.came.clear()
        asked = await desk.client.post(f"/v1/webhook-endpoints/{made['id']}/test", headers=auth)
        await desk.drain()
        assert theirs.ids == [asked.json()["event_id"]]


async def test_an_answer_that_comes_after_a_person_asked_puts_nothing_off(desk, partner, auth):
    """A try was under way, somebody asks for a test event, and then the try fails."""
    async with receiver(status=500) as theirs:
        made = await register(desk, auth, theirs.url)
        await happen(desk, partner, n=2)
        for name in ("number_events", "dispatch"):
            await desk.state.worker.work[name](desk.database, desk.clock())
        sender = desk.state.worker.work["send_webhooks"]
        first, second = await sender._claim(desk.database, desk.clock(), 10)
        await sender._deliver(desk.database, first)
        await desk.client.post(f"/v1/webhook-endpoints/{made['id']}/test", headers=auth)
        await sender._deliver(desk.database, second)
        assert (await look(desk, auth, made))["retry_at"] is None


async def test_an_address_that_was_left_does_not_disable_the_new_one(desk, partner, auth):
    async with receiver(status=410) as left, receiver() as theirs:
        made = await register(desk, auth, left.url)
        await happen(desk, partner)
        for name in ("number_events", "dispatch"):
            await desk.state.worker.work[name](desk.database, desk.clock())
        sender = desk.state.worker.work["send_webhooks"]
        [claimed] = await sender._claim(desk.database, desk.clock(), 10)
        await change(desk, auth, made, url=theirs.url)
        await sender._deliver(desk.database, claimed)
        assert (await look(desk, auth, made))["status"] == "enabled"


@pytest.mark.parametrize("status", ["paused", "disabled", "enabled"])
async def test_what_a_person_sets_shows_nothing_of_past_failures(desk, partner, auth, status):
    async with receiver(status=410) as theirs:
        made = await register(desk, auth, theirs.url)
        await happen(desk, partner)
        await desk.drain()
        gone = await look(desk, auth, made)
        assert (gone["status"], gone["disabled_reason"], gone["retry_at"]) == ("disabled", "gone", None)
        assert gone["failing_since"] is not None
        set_ = await change(desk, auth, made, status=status)
        reason = "asked" if status == "disabled" else None
        assert (set_["status"], set_["disabled_reason"]) == (status, reason)
        assert (set_["failing_since"], set_["retry_at"]) == (None, None)


async def test_nothing_is_repeated_to_a_disabled_endpoint_and_what_is_for_a_paused_one_waits(desk, partner, auth):
    async with receiver() as theirs:
        made = await register(desk, auth, theirs.url)
        await happen(desk, partner)
        await desk.drain()
        [delivery] = await deliveries(desk, auth)
        body = {"endpoint_id": made["id"], "failed_only": False}

        async def repeat() -> list[int]:
            one = await desk.client.post(f"/v1/deliveries/{delivery['id']}/redeliver", headers=auth)
            return [
                one.status_code,
                (await desk.client.post("/v1/deliveries/redeliver", json=body, headers=auth)).status_code,
            ]

        await change(desk, auth, made, status="disabled")
        assert await repeat() == [409, 409]
        assert (await deliveries(desk, auth))[0]["status"] == "delivered"
        await change(desk, auth, made, status="paused")
        assert await repeat() == [202, 202]
        await desk.drain()
        assert len(theirs.came) == 1
        await change(desk, auth, made, status="enabled")
        await desk.drain()
        assert len(theirs.came) == 2


async def test_a_range_holds_an_endpoints_own_test_events_and_no_others(desk, partner, auth):
    async with receiver() as theirs, receiver() as another:
        made = await register(desk, auth, theirs.url, event_types=["tta.confirmed"])
        other = await register(desk, auth, another.url)
        pings = [
            (await desk.client.post(f"/v1/webhook-endpoints/{one['id']}/test", headers=auth)).json()["event_id"]
            for one in (made, other)
        ]
        await desk.drain()
        assert (theirs.ids, another.ids) == ([pings[0]], [pings[1]])
        for one in (made, other):
            for failed_only in (True, False):
                body = {"endpoint_id": one["id"], "failed_only": failed_only}
                answer = await desk.client.post("/v1/deliveries/redeliver", json=body, headers=auth)
                assert answer.json()["queued"] == (0 if failed_only else 1)
        await desk.drain()
        assert (theirs.ids, another.ids) == ([pings[0]] * 2, [pings[1]] * 2)
