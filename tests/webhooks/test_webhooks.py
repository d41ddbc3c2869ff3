"""Webhooks: signed, retried, told, never lost, never somebody else's."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from standardwebhooks.webhooks import Webhook

from app.access.models import ApiKey
from app.access.principal import Kind, Principal
from app.core.work import Event, Work
from app.webhooks import retry
from app.webhooks.claim import LEASE
from app.webhooks.dispatch import delivery_row
from app.webhooks.models import Delivery, DeliveryStatus
from tests.access.make import a_key, an_owner
from tests.make import running
from tests.webhooks.make import HAPPENS, deliveries, happen, receiver, register


async def test_an_event_is_posted_signed_and_the_official_library_verifies_it(desk, partner, auth):
    async with receiver() as theirs:
        made = await register(desk, auth, theirs.url)
        [event_id] = await happen(desk, partner)
        await desk.drain()
        [(headers, body)] = theirs.came
        assert headers["webhook-id"] == event_id
        told = Webhook(made["secret"]).verify(body, headers)
        feed = await desk.client.get(f"/v1/events?type={HAPPENS}", headers=auth)
        assert feed.json()["items"] == [told]
        assert body in feed.content
        [delivery] = await deliveries(desk, auth)
        assert (delivery["status"], delivery["attempt_count"]) == ("delivered", 1)
        assert delivery["attempts"][0]["status_code"] == 204
        await desk.drain()
        assert len(theirs.came) == 1


async def test_the_secret_is_shown_once(desk, auth):
    made = await register(desk, auth, "https://partner.example/hooks")
    assert made["secret"].startswith("whsec_")
    again = await desk.client.get(f"/v1/webhook-endpoints/{made['id']}", headers=auth)
    assert "secret" not in again.json()
    assert again.headers["cache-control"] == "no-store"


async def test_both_secrets_sign_during_a_rotation_and_one_after_it(desk, partner, auth):
    async with receiver() as theirs:
        made = await register(desk, auth, theirs.url)
        path = f"/v1/webhook-endpoints/{made['id']}/rotate"
        fresh = (await desk.client.post(path, json={"overlap_hours": 1}, headers=auth)).json()
        await happen(desk, partner)
        await desk.drain()
        [(headers, body)] = theirs.came
        for secret in (made["secret"], fresh["secret"]):
            Webhook(secret).verify(body, headers)
        assert len(headers["webhook-signature"].split()) == 2
        desk.clock.advance(hours=2)
        await happen(desk, partner)
        await desk.drain()
        assert len(theirs.came[-1][0]["webhook-signature"].split()) == 1


async def test_a_failure_is_tried_again_with_the_same_id_until_it_passes(desk, partner, auth):
    async with receiver(script=[500, "close", 302]) as theirs:
        await register(desk, auth, theirs.url)
        [event_id] = await happen(desk, partner)
        for wait in (0, *retry.WAITS[:3]):
            desk.clock.advance(seconds=wait * 1.3)
            await desk.drain()
        assert theirs.ids == [event_id] * 4
        [delivery] = await deliveries(desk, auth)
        assert delivery["status"] == "delivered"
        outcomes = [attempt["outcome"] for attempt in delivery["attempts"]]
        assert outcomes == ["delivered", "redirect", "connection-failed", "http-500"]


async def test_the_receivers_retry_after_is_kept(desk, partner, auth):
    async with receiver(script=[429], headers="retry-after: 600\r\n") as theirs:
        await register(desk, auth, theirs.url)
        await happen(desk, partner)
        await desk.drain()
        desk.clock.advance(seconds=500)
        await desk.drain()
        assert len(theirs.came) == 1
        desk.clock.advance(seconds=300)
        await desk.drain()
        assert len(theirs.came) == 2


async def test_after_the_last_attempt_it_failed_and_can_be_sent_again(desk, partner, auth):
    async with receiver(status=500) as theirs:
        made = await register(desk, auth, theirs.url)
        [event_id] = await happen(desk, partner)
        for wait in (0, *retry.WAITS):
            desk.clock.advance(seconds=wait * 1.25)
            await desk.drain()
        [delivery] = await deliveries(desk, auth, status="failed")
        assert delivery["attempt_count"] == retry.ATTEMPTS
        theirs.status = 204
        await desk.client.patch(f"/v1/webhook-endpoints/{made['id']}", json={"status": "enabled"}, headers=auth)
        again = await desk.client.post(f"/v1/deliveries/{delivery['id']}/redeliver", headers=auth)
        assert again.status_code == 202
        await desk.drain()
        assert theirs.ids[-1] == event_id
        assert (await deliveries(desk, auth, event=event_id))[0]["status"] == "delivered"


async def test_a_test_event_goes_to_its_endpoint_alone_and_holds_nobody_up(desk, partner, auth):
    async with receiver() as theirs, receiver() as another:
        made = await register(desk, auth, theirs.url)
        await register(desk, auth, another.url)
        await desk.drain()
        asked = await desk.client.post(f"/v1/webhook-endpoints/{made['id']}/test", headers=auth)
        assert asked.status_code == 202
        [later] = await happen(desk, partner)
        await desk.drain()
        assert sorted(theirs.ids) == sorted([asked.json()["event_id"], later])  # two deliveries go out at once
        assert another.ids == [later]


async def test_410_disables_the_endpoint_tells_the_partner_and_nothing_is_lost(desk, partner, auth):
    async with receiver(script=[410]) as theirs:
        made = await register(desk, auth, theirs.url)
        first = await happen(desk, partner)
        await desk.drain()
        endpoint = (await desk.client.get(f"/v1/webhook-endpoints/{made['id']}", headers=auth)).json()
        assert (endpoint["status"], endpoint["disabled_reason"]) == ("disabled", "gone")
        told = (await desk.client.get("/v1/events?type=webhook.disabled", headers=auth)).json()["items"]
        assert told[0]["data"] == {"reason": "gone"}
        missed = await happen(desk, partner, n=3)
        await desk.drain()
        assert len(theirs.came) == 1
        await desk.client.patch(f"/v1/webhook-endpoints/{made['id']}", json={"status": "enabled"}, headers=auth)
        asked = {"endpoint_id": made["id"]}
        answer = await desk.client.post("/v1/deliveries/redeliver", json=asked, headers=auth)
        await desk.drain()
        assert set(theirs.ids) >= {*first, *missed}
        assert answer.json()["more"] is False


async def test_a_paused_endpoint_waits_and_then_gets_everything_in_order(desk, partner, auth):
    async with receiver() as theirs:
        made = await register(desk, auth, theirs.url)
        path = f"/v1/webhook-endpoints/{made['id']}"
        await desk.client.patch(path, json={"status": "paused"}, headers=auth)
        ids = await happen(desk, partner, n=5)
        await desk.drain()
        assert theirs.came == []
        await desk.client.patch(path, json={"status": "enabled"}, headers=auth)
        await desk.drain()
        assert sorted(theirs.ids) == sorted(ids)


async def test_only_the_types_that_were_asked_for_are_sent(desk, partner, auth):
    async with receiver() as theirs:
        await register(desk, auth, theirs.url, event_types=["webhook.disabled"])
        await happen(desk, partner)
        await desk.drain()
        assert theirs.came == []
    answer = await desk.client.post(
        "/v1/webhook-endpoints", json={"url": "ftp://partner.example", "event_types": ["no.such"]}, headers=auth
    )
    assert {e["pointer"] for e in answer.json()["errors"]} == {"/url", "/event_types/0"}


async def test_a_hanging_receiver_delays_no_other(desk, partner, auth):
    other = await an_owner(desk, name="Houston Police Department")
    theirs_auth = {"Authorization": f"Bearer {await a_key(desk, owner=other)}"}
    async with receiver(script=["hang"] * 50) as slow, receiver() as quick:
        await register(desk, auth, slow.url)
        await register(desk, theirs_auth, quick.url)
        await happen(desk, partner, n=20)
        await happen(desk, other, n=20)
        worker = desk.state.worker
        worker.start()
        async with asyncio.timeout(20):
            while len(quick.came) < 20:
                await asyncio.sleep(0.01)
        assert len(slow.came) <= 4
        slow.open.set()
        await worker.stop()


async def test_a_worker_that_dies_after_claiming_loses_nothing(desk, partner, auth):
    async with receiver() as theirs:
        await register(desk, auth, theirs.url)
        ids = await happen(desk, partner, n=2)
        sender = desk.state.worker.work["send_webhooks"]
        for name in ("number_events", "dispatch"):
            await desk.state.worker.work[name](desk.database, desk.clock())
        claimed = await sender._claim(desk.database, desk.clock(), 10)
        assert len(claimed) == 2  # and here the worker dies
        await desk.drain()
        assert theirs.came == []
        desk.clock.advance(seconds=LEASE.total_seconds() + 1)
        await desk.drain()
        assert sorted(theirs.ids) == sorted(ids)


async def test_two_workers_share_the_work_without_doing_it_twice(desk, partner, auth):
    async with (
        receiver() as theirs,
        running(desk.settings.database_url.get_secret_value(), webhook_loopback=True) as other,
    ):
        other.clock.now = desk.clock.now
        await register(desk, auth, theirs.url)
        ids = await happen(desk, partner, n=40)
        await asyncio.gather(desk.drain(), other.drain(), desk.drain(), other.drain())
        assert sorted(theirs.ids) == sorted(ids)


async def test_who_adds_deliveries_and_who_settles_do_not_wait_for_each_other(desk, partner, auth):
    """On PostgreSQL: they touch endpoints in different orders, and would stop each other for good."""
    if desk.database.dialect != "postgresql":
        return  # one writes at a time
    async with receiver() as theirs:
        await register(desk, auth, theirs.url)
        await happen(desk, partner, n=2)
        worker = desk.state.worker.work
        for name in ("number_events", "dispatch"):
            await worker[name](desk.database, desk.clock())
        sender = worker["send_webhooks"]
        [first, second] = await sender._claim(desk.database, desk.clock(), 10)
        async with desk.database.write() as adding:
            await adding.execute(delete(Delivery).where(Delivery.id == second.delivery.id))
            await adding.execute(insert(Delivery), [delivery_row(second.event, second.endpoint, desk.clock())])
            async with asyncio.timeout(5):
                await sender._deliver(desk.database, first)
        assert [one["status"] for one in await deliveries(desk, auth)] == ["pending", "delivered"]


async def test_another_partners_things_look_like_nothing(desk, partner, auth):
    other = await an_owner(desk, name="Houston Police Department")
    theirs = {"Authorization": f"Bearer {await a_key(desk, owner=other)}"}
    async with receiver() as ours:
        made = await register(desk, auth, ours.url)
        await happen(desk, partner)
        await desk.drain()
        [delivery] = await deliveries(desk, auth)
    paths = [
        ("GET", f"/v1/webhook-endpoints/{made['id']}", None),
        ("PATCH", f"/v1/webhook-endpoints/{made['id']}", {}),
        ("POST", f"/v1/webhook-endpoints/{made['id']}/rotate", {}),
        ("POST", f"/v1/webhook-endpoints/{made['id']}/test", None),
        ("GET", f"/v1/deliveries/{delivery['id']}", None),
        ("POST", f"/v1/deliveries/{delivery['id']}/redeliver", None),
        ("POST", "/v1/deliveries/redeliver", {"endpoint_id": made["id"]}),
    ]
    for method, path, body in paths:
        assert (await desk.client.request(method, path, json=body, headers=theirs)).status_code == 404, path
    assert await deliveries(desk, theirs) == []
    assert (await desk.client.get("/v1/events", headers=theirs)).json()["items"] == []


async def test_a_transaction_that_commits_late_is_numbered_late_and_never_skipped(desk, partner, auth):
    """On PostgreSQL many write at once; on SQLite one does. A reader's cursor misses nothing on either."""
    seen, after = [], 0

    async def read():
        nonlocal after
        page = (await desk.client.get(f"/v1/events?after={after}", headers=auth)).json()
        seen.extend(item["id"] for item in page["items"])
        after = page["next_after"]

    ids = []
    if desk.database.dialect == "postgresql":
        async with desk.database.write() as late:
            slow = Work(late, actor="test", now=desk.clock()).record(
                "webhook.ping", "webhook_endpoint", partner.id, owner_id=partner.id, endpoint_id=str(partner.id)
            )
            await late.flush()
            ids += await happen(desk, partner, n=3)
            await desk.drain()
            await read()
            ids.append(str(slow.id))
    else:
        ids += await happen(desk, partner, n=4)
    await desk.drain()
    await read()
    assert sorted(seen) == sorted(ids)
    assert len(seen) == len(set(seen))


async def test_the_feed_walks_by_its_links(desk, partner, auth):
    ids = await happen(desk, partner, n=7)
    await desk.drain()
    seen, url = [], "/v1/events?limit=3"
    while url:
        page = (await desk.client.get(url, headers=auth)).json()
        seen += page["items"]
        url = page["links"]["next"]
    assert sorted(item["id"] for item in seen) == sorted(ids)
    assert [item["sequence"] for item in seen] == sorted(item["sequence"] for item in seen)


async def test_the_stream_resumes_where_it_stopped(desk, partner, auth):
    ids = await happen(desk, partner, n=3)
    await desk.drain()

    async def listen(headers, count):
        found = []
        desk.state.stopping.clear()

        async def stop_soon():
            async with asyncio.timeout(10):
                while len(found) < count:
                    await asyncio.sleep(0.01)
            desk.state.stopping.set()

        stopper = asyncio.create_task(stop_soon())
        caller = await _principal(desk, headers)
        begin = int(headers.get("Last-Event-ID", 0))
        with desk.state.streams.place(caller) as place:
            async for chunk in desk.state.streams.follow(place, begin):
                lines = chunk.decode().splitlines()
                found.extend(json.loads(line[6:]) for line in lines if line.startswith("data: "))
        await stopper
        return found

    first = await listen(auth, 3)
    assert [event["id"] for event in first] == ids
    again = await listen({**auth, "Last-Event-ID": str(first[0]["sequence"])}, 2)
    assert again == first[1:]


async def _principal(desk, headers):
    async with desk.database.read() as session:
        event = await session.scalar(select(Event).limit(1))
    return Principal(kind=Kind.PARTNER, name="partner", owner_id=event.owner_id)


async def test_a_failing_endpoint_is_disabled_after_five_days(desk, partner, auth):
    async with receiver(status=500) as theirs:
        made = await register(desk, auth, theirs.url)
        for _ in range(8):
            await happen(desk, partner)
            await desk.drain()
            desk.clock.advance(hours=25)
        endpoint = (await desk.client.get(f"/v1/webhook-endpoints/{made['id']}", headers=auth)).json()
        assert (endpoint["status"], endpoint["disabled_reason"]) == ("disabled", "failing")


async def test_a_failing_endpoints_backlog_costs_one_probe_at_a_time(desk, partner, auth):
    async with receiver(status=500) as theirs:
        await register(desk, auth, theirs.url)
        await happen(desk, partner, n=30)
        await desk.drain()
        begun = len(theirs.came)
        assert begun <= 4
        desk.clock.advance(minutes=6)
        await desk.drain()
        assert len(theirs.came) <= begun + 4


async def test_when_an_endpoint_is_well_again_its_backlog_comes_at_once(desk, partner, auth):
    async with receiver(status=500) as theirs:
        await register(desk, auth, theirs.url)
        ids = await happen(desk, partner, n=9)
        for wait in (0, *retry.WAITS[:6]):
            desk.clock.advance(seconds=wait * 1.3)
            await desk.drain()
        theirs.status = 204
        desk.clock.advance(seconds=retry.WAITS[6] * 1.3)
        await desk.drain()
        delivered = await deliveries(desk, auth, status="delivered")
        assert {one["event_id"] for one in delivered} == set(ids)


async def test_all_that_failed_is_found_among_much_that_did_not(desk, partner, auth, monkeypatch):
    """Each call repeats so many and says where to go on, whatever else happened in between."""
    monkeypatch.setattr("app.webhooks.service.REDELIVER_MAX", 2)
    async with receiver() as theirs:
        made = await register(desk, auth, theirs.url)
        ids = await happen(desk, partner, n=9)
        await desk.drain()
        failed = {ids[0], ids[4], ids[8]}
        async with desk.database.write() as session:
            which = Delivery.event_id.in_([UUID(one) for one in failed])
            await session.execute(update(Delivery).where(which).values(status=DeliveryStatus.FAILED))
        theirs.came.clear()
        queued, after, more = 0, 0, True
        while more:
            asked = {"endpoint_id": made["id"], "after": after}
            answer = (await desk.client.post("/v1/deliveries/redeliver", json=asked, headers=auth)).json()
            queued, after, more = queued + answer["queued"], answer["last_sequence"], answer["more"]
        await desk.drain()
        assert queued == 3
        assert set(theirs.ids) == failed


async def test_a_range_is_repeated_and_nothing_beside_it(desk, partner, auth):
    async with receiver() as theirs:
        made = await register(desk, auth, theirs.url)
        await happen(desk, partner, n=6)
        await desk.drain()
        feed = (await desk.client.get(f"/v1/events?type={HAPPENS}", headers=auth)).json()["items"]
        theirs.came.clear()
        asked = {
            "endpoint_id": made["id"], "after": feed[1]["sequence"], "until": feed[3]["sequence"],
            "failed_only": False,
        }  # fmt: skip
        answer = (await desk.client.post("/v1/deliveries/redeliver", json=asked, headers=auth)).json()
        assert answer == {"queued": 2, "more": False, "last_sequence": feed[3]["sequence"]}
        await desk.drain()
        assert set(theirs.ids) == {feed[2]["id"], feed[3]["id"]}


async def test_a_stream_ends_with_the_key_that_opened_it(desk, partner):
    key = await a_key(desk, owner=partner)
    caller = await desk.state.keyring.holder(key, desk.clock())
    with desk.state.streams.place(caller) as place:
        stream = desk.state.streams.follow(place, 0)
        assert await anext(stream) == b"retry: 2000\n\n"
        await happen(desk, partner)
        await desk.drain()
        assert HAPPENS.encode() in await anext(stream)
        async with desk.database.write() as session:
            await session.execute(update(ApiKey).where(ApiKey.owner_id == partner.id).values(revoked_at=desk.clock()))
        assert [chunk async for chunk in stream] == []


async def test_what_was_settled_by_another_is_not_undone(desk, partner, auth):
    """Our lease ran out, another worker delivered, and then our failure comes in: it stays delivered."""
    async with receiver(status=500) as theirs:
        await register(desk, auth, theirs.url)
        await happen(desk, partner)
        for name in ("number_events", "dispatch"):
            await desk.state.worker.work[name](desk.database, desk.clock())
        sender = desk.state.worker.work["send_webhooks"]
        [claimed] = await sender._claim(desk.database, desk.clock(), 10)
        async with desk.database.write() as session:
            await session.execute(update(Delivery).values(status=DeliveryStatus.DELIVERED, settled_at=desk.clock()))
        await sender._deliver(desk.database, claimed)
        async with desk.database.read() as session:
            assert (await session.scalar(select(Delivery))).status is DeliveryStatus.DELIVERED


def test_waits_follow_the_table_within_their_jitter():
    now = datetime(2026, 11, 23, tzinfo=UTC)
    for attempt, wait in enumerate(retry.WAITS, 1):
        for chance in (0.0, 0.5, 0.999):
            due = retry.next_attempt(now, attempt, None, chance)
            assert abs((due - now).total_seconds() - wait) <= wait * retry.JITTER
    assert retry.next_attempt(now, retry.ATTEMPTS, None, 0.5) is None
    assert retry.next_attempt(now, 1, 3600, 0.5) == now + timedelta(hours=1)


async def test_a_partner_disables_an_endpoint_and_enables_it_again(desk, partner, auth):
    async with receiver() as theirs:
        made = await register(desk, auth, theirs.url)
        path = f"/v1/webhook-endpoints/{made['id']}"
        off = (await desk.client.patch(path, json={"status": "disabled"}, headers=auth)).json()
        assert (off["status"], off["disabled_reason"]) == ("disabled", "asked")
        await happen(desk, partner)
        await desk.drain()
        assert theirs.came == []
        on = (await desk.client.patch(path, json={"status": "enabled"}, headers=auth)).json()
        assert (on["status"], on["disabled_reason"]) == ("enabled", None)
