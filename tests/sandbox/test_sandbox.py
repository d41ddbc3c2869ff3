"""Sandboxes: made without an account, moved through time, thrown away without a trace."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from standardwebhooks.webhooks import Webhook

from app.tables import metadata
from tests.make import running
from tests.sandbox.make import HOOK, a_sandbox
from tests.tta.make import MORE, a_member_of_staff, a_partner


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture
async def sandbox(world):
    # Signatures carry the time, and verifiers compare it with theirs.
    world.clock.now = datetime.now(UTC).replace(microsecond=0)
    return await a_sandbox(world.client)


async def rows(world) -> dict[str, int]:
    """How many rows each table has."""
    async with world.database.read() as session:
        return {
            table.name: await session.scalar(select(func.count()).select_from(table))
            for table in metadata.sorted_tables
        }


async def test_a_stranger_gets_a_world_of_its_own_with_a_key_that_is_shown_once(world, sandbox):
    told = await sandbox.get("/v1/sandboxes/current")
    assert "key" not in told
    assert told["counts"] == {"requests": 0, "events": 0, "letters": 0, "webhooks": 0}
    assert instant(told["expires_at"]) - instant(told["now"]) == timedelta(hours=24)
    await sandbox.asks()
    await world.drain()
    counts = (await sandbox.get("/v1/sandboxes/current"))["counts"]
    assert (counts["requests"], counts["letters"]) == (1, 2)
    for name, link in told["links"].items():
        method = "POST" if name in {"submit", "clock", "desk"} else "GET"
        answer = await world.client.request(method, link, headers=sandbox.headers)
        assert answer.status_code in ({200} if method == "GET" else {400, 415, 422}), link


async def test_two_keys_open_two_worlds_and_no_other_key_opens_one(world, sandbox):
    other = await a_sandbox(world.client)
    assert other.id != sandbox.id
    partner = await a_partner(world)
    for caller in ({}, partner.headers):
        answer = await world.client.get("/v1/sandboxes/current", headers=caller)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-sandbox")


async def test_37_hours_bring_each_step_in_its_order_near_its_time_and_a_signed_webhook(sandbox):
    endpoint = await sandbox.listens("tta.promise_breached")
    request = await sandbox.asks(external_ref="CASE-1")
    received = instant(request["received_at"])
    told = await sandbox.waits("PT37H")
    assert instant(told["now"]) - received == timedelta(hours=37)
    due = {"tta.escalated": [18, 27, 32.4, 36], "tta.promise_breached": [36], "tta.task_opened": [36]}
    found = {name: [e for e in told["happened"] if e["type"] == name] for name in due}
    for name, hours in due.items():
        for event, hour in zip(found[name], hours, strict=True):
            late = instant(event["occurred_at"]) - received - timedelta(hours=hour)
            assert timedelta() < late <= timedelta(seconds=2), (name, hour)
    times = [event["occurred_at"] for event in told["happened"]]
    assert times == sorted(times)
    [item] = await sandbox.inbox()
    assert item["endpoint_id"] == endpoint["id"]
    event = Webhook(endpoint["secret"]).verify(item["body"], item["headers"])
    assert event["type"] == "tta.promise_breached"
    assert event["data"]["external_ref"] == "CASE-1"
    assert timedelta() < instant(item["received_at"]) - received - timedelta(hours=36) < timedelta(minutes=1)
    feed = (await sandbox.get("/v1/events", type="tta.promise_breached"))["items"]
    assert feed == [event]
    shown = await sandbox.get(f"/v1/tta-requests/{request['id']}")
    assert (shown["clock"]["state"], shown["clock"]["breached_at"]) == ("breached", shown["clock"]["due_at"])


async def test_letters_are_kept_to_be_read_by_the_sandboxs_time_and_none_goes_out(sandbox, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    request = await sandbox.asks()
    await sandbox.waits("PT37H")
    mail = await sandbox.mail()
    assert Counter(letter["kind"] for letter in mail) == {
        "tta.receipt": 1, "tta.arrived": 1, "tta.escalation": 4, "tta.breach": 1,
    }  # fmt: skip
    [breach] = [letter for letter in mail if letter["kind"] == "tta.breach"]
    assert breach["address"] == "jo.doe@springfield.gov"
    assert request["reference"] in breach["text"]
    late = instant(breach["kept_at"]) - instant(request["received_at"]) - timedelta(hours=36)
    assert timedelta() < late < timedelta(minutes=1)
    assert [letter["kept_at"] for letter in mail] == sorted((m["kept_at"] for m in mail), reverse=True)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    "text", ["", "PT0S", "-PT1H", "P31D", "37", "PT", "P", "PT1.5H", "P1Y", "pt1h", "PT1H ", "P30D\n", "P٣D"]
)
async def test_a_time_that_is_none_is_refused(bare, text):
    box = await a_sandbox(bare.client)
    refused = await box.post("/v1/sandboxes/current/clock", {"advance": text}, 422)
    assert [fault["pointer"] for fault in refused["errors"]] == ["/advance"]


async def test_a_clock_runs_ahead_by_a_year_at_most(bare):
    box = await a_sandbox(bare.client)
    for _ in range(12):
        await box.waits("P30D")
    refused = await box.post("/v1/sandboxes/current/clock", {"advance": "P30D"}, 422)
    assert refused["errors"][0]["pointer"] == "/advance"
    await box.waits("P6D")


async def test_very_much_at_once_is_done_in_bounded_steps(world, sandbox):
    for hours in range(8):
        await sandbox.asks()
        world.clock.advance(minutes=7 + hours)
    told = await sandbox.waits("P29D")
    breaches = [e for e in told["happened"] if e["type"] == "tta.promise_breached"]
    assert len(breaches) == 8
    assert (await sandbox.get("/v1/sandboxes/current"))["counts"]["letters"] == 8 * 7


async def test_two_moves_at_once_add_up_and_nothing_happens_twice(sandbox):
    await sandbox.listens()
    await sandbox.asks()
    before = instant((await sandbox.get("/v1/sandboxes/current"))["now"])
    await asyncio.gather(sandbox.waits("PT20H"), sandbox.waits("PT20H"))
    after = instant((await sandbox.get("/v1/sandboxes/current"))["now"])
    assert after - before == timedelta(hours=40)
    feed = (await sandbox.get("/v1/events"))["items"]
    assert Counter(e["type"] for e in feed)["tta.promise_breached"] == 1
    inbox = [item["headers"]["webhook-id"] for item in await sandbox.inbox()]
    assert sorted(inbox) == sorted({e["id"] for e in feed})


async def test_a_move_goes_well_while_a_worker_runs(database_url):
    async with running(database_url, worker="inline") as world:
        box = await a_sandbox(world.client)
        await box.listens("tta.promise_breached")
        request = await box.asks()
        told = await box.waits("PT37H")
        steps = [e for e in told["happened"] if e["type"] == "tta.escalated"]
        assert [step["data"]["step"] for step in steps] == [50, 75, 90, 100]
        for step in steps:
            assert instant(step["occurred_at"]) - instant(step["data"]["fell_due_at"]) < timedelta(minutes=1)
        [item] = await box.inbox()
        assert json.loads(item["body"])["subject"]["id"] == request["id"]


async def test_what_is_asked_for_after_a_move_still_comes(sandbox):
    """A sandbox's clock runs ahead of the worker's: pings, redeliveries and rotations must not wait for it."""
    made = await sandbox.listens()
    await sandbox.waits("P10D")
    path = f"/v1/webhook-endpoints/{made['id']}"
    ping = await sandbox.post(f"{path}/test", None, 202)
    await sandbox.waits("PT1M")
    [item] = await sandbox.inbox()
    assert item["headers"]["webhook-id"] == ping["event_id"]
    [delivery] = (await sandbox.get("/v1/deliveries"))["items"]
    assert (delivery["status"], delivery["attempt_count"]) == ("delivered", 1)
    assert instant(delivery["attempts"][0]["at"]) >= instant(delivery["created_at"])
    await sandbox.post(f"/v1/deliveries/{delivery['id']}/redeliver", None, 202)
    await sandbox.post("/v1/deliveries/redeliver", {"endpoint_id": made["id"], "failed_only": False}, 202)
    await sandbox.waits("PT1M")
    assert {item["headers"]["webhook-id"] for item in await sandbox.inbox()} == {ping["event_id"]}
    assert len(await sandbox.inbox()) == 2
    fresh = await sandbox.post(f"{path}/rotate", {"overlap_hours": 2})
    await sandbox.post(f"{path}/test", None, 202)
    await sandbox.waits("PT1M")
    newest = (await sandbox.inbox())[0]
    for secret in (made["secret"], fresh["secret"]):
        Webhook(secret).verify(newest["body"], newest["headers"])
    await sandbox.waits("PT3H")
    await sandbox.post(f"{path}/test", None, 202)
    await sandbox.waits("PT1M")
    assert len((await sandbox.inbox())[0]["headers"]["webhook-signature"].split()) == 1


PATHS = [
    [("confirm", "confirmed"), ("ask", "needs_information"), ("answer", "confirmed"), ("match", "matched"),
     ("schedule", "scheduled"), ("start", "in_progress"), ("deliver", "delivered"), ("close", "closed")],
    [("confirm", "confirmed"), ("review", "in_review"), ("hold", "on_hold"), ("resume", "in_review"),
     ("refer", "referred")],
    [("claim", "submitted"), ("release", "submitted"), ("assign", "submitted"), ("decline", "declined")],
]  # fmt: skip


@pytest.mark.parametrize("steps", PATHS, ids=["to the end", "elsewhere", "declined"])
async def test_a_tame_desk_rehearses_every_path(sandbox, steps):
    request = (await sandbox.asks())["id"]
    for action, status in steps:
        shown = await sandbox.orders(request, action, **MORE.get(action, {}))
        assert shown["status"] == status
    timeline = (await sandbox.get(f"/v1/tta-requests/{request}/timeline"))["items"]
    assert timeline[-1]["by"] in {"staff", "system"}


async def test_the_desk_apologises_after_a_broken_promise(sandbox):
    request = (await sandbox.asks())["reference"]
    now = (await sandbox.waits("PT37H"))["now"]
    later = (instant(now) + timedelta(hours=5)).isoformat()
    shown = await sandbox.orders(request, "apologise", new_due_at=later, message="We were ill.")
    assert instant(shown["clock"]["new_due_at"]) == instant(later)


async def test_the_desk_refuses_what_staff_would_be_refused(sandbox):
    request = (await sandbox.asks())["id"]
    refused = await sandbox.orders(request, "deliver", 409)
    assert refused["type"] == "/problems/forbidden-move"
    assert "confirm" in refused["allowed_actions"]
    faults = await sandbox.orders(request, "confirm", 422, helpr="Maria")
    assert {fault["pointer"] for fault in faults["errors"]} == {"/helper", "/next_step", "/helpr"}
    assert (await sandbox.orders(request, "explode", 422))["errors"][0]["pointer"] == "/action"
    assert (await sandbox.orders("nobody", "review", 422))["errors"][0]["pointer"] == "/request"
    for body in ([], "confirm", {"action": ["confirm"]}):
        await sandbox.post("/v1/sandboxes/current/desk", body, 422)


async def test_the_desk_of_a_sandbox_has_no_hands_outside_of_it(world, sandbox):
    other = await a_sandbox(world.client)
    partner = await a_partner(world)
    real = await partner.asks()
    theirs = (await other.asks())["id"]
    for request in (real, theirs):
        await sandbox.orders(request, "confirm", 404, **MORE["confirm"])
    answer = await world.client.post("/v1/sandboxes/current/desk", json={}, headers=partner.headers)
    assert answer.status_code == 404
    assert (await partner.sees(real))["status"] == "submitted"
    staff = await a_member_of_staff(world)
    assert staff.owner_id
    refused = await sandbox.orders((await sandbox.asks())["id"], "assign", 422, assignee=staff.owner_id)
    assert refused["errors"][0]["pointer"] == "/assignee"


async def fill(world, box) -> None:
    """Something in every table that a sandbox can reach."""
    endpoint = await box.listens()
    request = (await box.asks(external_ref="CASE-9"))["id"]
    await box.waits("PT37H")
    await box.orders(request, "confirm", **MORE["confirm"])
    await box.post(f"/v1/webhook-endpoints/{endpoint['id']}/test", None, 202)
    await box.post(f"/v1/tta-requests/{request}/messages", {"words": "Thank you."}, 201)
    key = (await box.get("/v1/keys"))["items"][0]["id"]
    await box.post(
        "/v1/contact-submissions",
        {"kind": "policy", "name": "Jo Doe", "email": "jo@springfield.gov", "subject": "Our policy",
         "message": "Here it is.", "may_be_shared": True, "nothing_personal": True,
         "attachments": [{"filename": "policy.pdf", "media_type": "application/pdf"}]},
        201,
    )  # fmt: skip
    rotated = await box.client.post(f"/v1/keys/{key}/rotate", json={}, headers=box.headers)
    assert rotated.status_code < 300, rotated.text
    await world.drain()


@pytest.mark.parametrize("end", ["delete", "expiry"])
async def test_the_end_of_a_sandbox_leaves_no_row_of_it_and_touches_nothing_else(world, end):
    partner = await a_partner(world)
    real = await partner.asks()
    staying = await a_sandbox(world.client)
    await fill(world, staying)
    if end == "expiry":
        world.clock.advance(hours=1)
    before = await rows(world)
    box = await a_sandbox(world.client)
    await fill(world, box)
    grown = {name for name, count in (await rows(world)).items() if count > before[name]}
    assert grown >= {"world", "owner", "api_key", "event", "notice", "sandbox_mail", "webhook_endpoint",
                     "webhook_delivery", "webhook_attempt", "sandbox_inbox", "tta_request", "tta_request_topic",
                     "tta_escalation", "tta_task", "tta_contact", "tta_message", "idempotency_key",
                     "contact_submission", "contact_person", "contact_attachment"}  # fmt: skip
    if end == "delete":
        gone = await world.client.delete("/v1/sandboxes/current", headers=box.headers)
        assert gone.status_code == 204
        assert await rows(world) == before
    else:
        world.clock.now = instant((await staying.get("/v1/sandboxes/current"))["expires_at"])
        assert await world.state.worker.work["end_sandboxes"](world.database, world.clock()) == 0
        world.clock.advance(hours=2)
        assert await world.state.worker.work["end_sandboxes"](world.database, world.clock()) == 2
        left = await rows(world)
        assert (left["world"], left["tta_request"], left["contact_submission"]) == (0, 1, 0)
        assert left["idempotency_key"] == 1
    answer = await world.client.get("/v1/sandboxes/current", headers=box.headers)
    assert answer.status_code == 401
    assert (await partner.sees(real))["id"] == real


async def test_a_sandbox_does_nothing_to_the_public_figures_and_staff_do_not_see_it(world, sandbox):
    before = (await world.client.get("/v1/service-levels/confirmation")).json()
    for _ in range(11):
        request = (await sandbox.asks())["id"]
        await sandbox.orders(request, "confirm", **MORE["confirm"])
    await sandbox.asks()
    await sandbox.waits("PT37H")
    after = (await world.client.get("/v1/service-levels/confirmation")).json()
    assert after == before
    assert after["n"] == 0
    staff = await a_member_of_staff(world)
    for path in ("/v1/tta-requests", "/v1/tta-tasks", "/v1/contact-submissions"):
        assert (await staff.get(path)).json()["total"] == 0, path
    assert (await staff.get("/v1/tta-requests/counts")).json()["total"] == 0


async def test_an_address_makes_so_many_sandboxes_and_no_more(bare_url):
    async with running(bare_url, limits="sandbox=2/3600") as world:
        for _ in range(2):
            assert (await world.client.post("/v1/sandboxes")).status_code == 201
        refused = await world.client.post("/v1/sandboxes")
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 3500
        assert (await world.client.get("/v1")).status_code == 200


async def test_no_webhook_of_a_sandbox_leaves_the_building_whatever_its_address(world, sandbox):
    made = await sandbox.post("/v1/webhook-endpoints", {"url": HOOK, "description": "mine"}, 201)
    await sandbox.post(f"/v1/webhook-endpoints/{made['id']}/test", None, 202)
    # The task that posts has nothing to do: what is kept is another's work.
    for name in ("number_events", "dispatch"):
        await world.state.worker.work[name](world.database, world.clock())
    assert await world.state.worker.work["send_webhooks"](world.database, world.clock()) == 0
    await world.drain()
    assert len(await sandbox.inbox()) == 1
