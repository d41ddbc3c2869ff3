"""No silence: what nobody acknowledges is told another way, then given to a person, and always listed."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from app.core.notices import Notice, NoticeStatus
from tests.access.make import a_key, an_owner
from tests.make import running
from tests.sandbox.make import a_sandbox
from tests.tta.make import MORE, Person, a_member_of_staff, a_partner
from tests.webhooks.make import receiver


def acknowledge(person: Person, request: str):
    return person.client.post(f"/v1/tta-requests/{request}/acknowledgements", headers=person.headers)


async def silences(person: Person, **query) -> list[dict]:
    answer = await person.get("/v1/me/silences", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def tasks(staff: Person) -> list[tuple[str, str]]:
    return [(task["kind"], task["request"]) for task in (await staff.get("/v1/tta-tasks")).json()["items"]]


@pytest.fixture
async def staff(world):
    return await a_member_of_staff(world)


async def test_an_acknowledgement_is_a_fact_and_the_first_one_counts(world, staff):
    partner = await a_partner(world)
    request = await partner.asks()
    early = await acknowledge(partner, request)
    assert (early.status_code, early.json()["type"]) == (409, "/problems/nothing-to-acknowledge")
    await staff.does(request, "confirm")
    [silent] = await silences(partner)
    assert (silent["kind"], silent["state"], silent["href"]) == ("request", "waiting", f"/v1/tta-requests/{request}")
    world.clock.advance(hours=1)
    first = await acknowledge(partner, request)
    assert first.status_code == 200, first.text
    world.clock.advance(hours=1)
    assert (await acknowledge(partner, request)).json() == first.json()
    await world.drain()
    types = [entry["type"] for entry in await partner.timeline(request)]
    assert types.count("tta.acknowledged") == 1
    assert await silences(partner) == []
    world.clock.advance(days=3)
    await world.drain()
    assert "tta.unacknowledged" not in [entry["type"] for entry in await partner.timeline(request)]
    assert await tasks(staff) == []


async def test_silence_brings_a_letter_then_a_task_and_a_late_word_ends_it(world, staff):
    owner = await an_owner(world, contact_email="it@springfield.gov")
    partner = Person(world.client, await a_key(world, owner=owner))
    request = await partner.asks(external_ref="CASE-7")
    await staff.does(request, "confirm")
    world.clock.advance(hours=24)
    await world.drain()
    assert (await silences(partner))[0]["state"] == "waiting"
    world.clock.advance(seconds=1)
    await world.drain()
    [silent] = await silences(partner)
    assert (silent["state"], silent["about"]) == ("letter", "CASE-7")
    letters = [e["notice"] for e in await partner.timeline(request) if e["type"] == "notice"]
    assert [(one["kind"], one["recipient"], one["status"]) for one in letters][-1] == (
        "tta.unacknowledged", "partner", "sent",
    )  # fmt: skip
    assert await tasks(staff) == []
    world.clock.advance(hours=25)
    await world.drain()
    assert (await silences(partner))[0]["state"] == "desk"
    assert await tasks(staff) == [("reach_requester", f"/v1/tta-requests/{request}")]
    for _ in range(3):
        world.clock.advance(days=1)
        await world.drain()
    tried = [e["data"]["tried"] for e in await partner.timeline(request) if e["type"] == "tta.unacknowledged"]
    assert tried == ["letter", "desk"]
    assert (await acknowledge(staff, request)).json()["acknowledged_by"] == "staff"
    assert await tasks(staff) == []
    assert await silences(partner) == []


async def test_whoever_acts_after_the_confirmation_has_heard(world, staff):
    partner = await a_partner(world)
    written, answered, ended = [await partner.asks() for _ in range(3)]
    for request in (written, answered, ended):
        await staff.does(request, "confirm")
    assert len(await silences(partner)) == 3
    said = await partner.post(f"/v1/tta-requests/{written}/messages", {"words": "Thank you."})
    assert said.status_code == 201
    await staff.does(answered, "ask")
    await partner.does(answered, "answer")
    await staff.does(ended, "decline")
    assert await silences(partner) == []
    world.clock.advance(days=4)
    await world.drain()
    assert await tasks(staff) == []


async def test_the_public_form_may_acknowledge_and_is_not_waited_for(world, staff):
    asked = (await Person(world.client).ask()).json()
    person = Person(world.client, token=asked["status_token"])
    await staff.does(asked["id"], "confirm")
    world.clock.advance(days=3)
    await world.drain()
    assert [task for task in await tasks(staff) if task[0] == "reach_requester"] == []
    assert (await acknowledge(person, asked["id"])).json()["acknowledged_by"] == "requester"
    assert (await acknowledge(Person(world.client), asked["id"])).status_code == 404
    assert (await acknowledge(await a_partner(world, "Another"), asked["id"])).status_code == 404


async def test_with_every_webhook_dropped_no_request_is_lost_or_unlisted(database_url):
    """Each request ends acknowledged, told as failed, or with a person who has the task; none is in no list."""
    async with running(database_url, webhook_loopback=True) as world, receiver(status=500) as deaf:
        staff, partner = await a_member_of_staff(world), await a_partner(world)
        made = await partner.post("/v1/webhook-endpoints", {"url": deaf.url})
        assert made.status_code == 201
        requests = [await partner.asks() for _ in range(6)]
        for request in requests[:4]:
            await staff.does(request, "confirm")
        await acknowledge(partner, requests[0])
        for _ in range(7):
            await world.drain()
            listed = await silences(partner, limit=200)
            about = {one["href"] for one in listed if one["kind"] == "request"}
            assert about >= {f"/v1/tta-requests/{request}" for request in requests[1:4]}
            world.clock.advance(hours=12)
        assert deaf.came
        open_tasks = {href for _, href in await tasks(staff)}
        for request in requests[1:]:  # not confirmed at all: the promise is broken, and that is a task too
            assert f"/v1/tta-requests/{request}" in open_tasks
        feed = (await partner.get("/v1/events", params={"limit": 200})).json()["items"]
        failed = {one["href"] for one in await silences(partner, kind="webhook", limit=200)}
        told = (await partner.get("/v1/deliveries", params={"limit": 200})).json()["items"]
        assert {f"/v1/deliveries/{one['id']}" for one in told} == failed
        assert {one["event_id"] for one in told} <= {event["id"] for event in feed}


async def test_the_list_walks_by_its_links_and_shows_nobody_elses(world, staff):
    partner, other = await a_partner(world), await a_partner(world, "Another")
    requests = set()
    for _ in range(5):
        request = await partner.asks()
        await staff.does(request, "confirm")
        requests.add(request)
    theirs = await other.asks()
    await staff.does(theirs, "confirm")
    found, url = [], "/v1/me/silences?limit=2"
    while url:
        page = (await partner.get(url)).json()
        assert page["total"] == 5
        found += [item["id"] for item in page["items"]]
        url = page["links"]["next"]
    assert sorted(found) == sorted(requests)
    assert [item["id"] for item in await silences(other)] == [theirs]
    assert (await world.client.get("/v1/me/silences")).status_code == 401
    assert len(await silences(staff)) == 6


async def test_a_letter_about_a_submission_that_never_arrived_is_listed_for_its_partner_and_staff_alone(world, staff):
    partner, other = await a_partner(world), await a_partner(world, "Another")
    body = {
        "kind": "question", "name": "Jo Doe", "email": "jo@springfield.gov", "subject": "A question",
        "message": "How did others begin?",
    }  # fmt: skip
    made = await partner.post("/v1/contact-submissions", body)
    assert made.status_code == 201, made.text
    href = made.json()["href"]
    async with world.database.write() as session:
        # As the mail room leaves it when an address refuses letters for good.
        refused = update(Notice).where(Notice.kind == "contact.receipt").values(status=NoticeStatus.FAILED)
        await session.execute(refused)
    for caller in (partner, staff):
        [one] = await silences(caller)
        assert (one["kind"], one["href"], one["state"]) == ("notice", href, "failed")
        assert one["about"] == "contact.receipt"
        assert (await caller.get(one["href"])).status_code == 200
    assert await silences(other) == []


async def test_an_endpoint_that_we_disabled_is_listed_until_its_partner_says_what_to_do(database_url):
    async with running(database_url, webhook_loopback=True) as world, receiver(status=410) as gone:
        partner, other = await a_partner(world), await a_partner(world, "Another")
        made = (await partner.post("/v1/webhook-endpoints", {"url": gone.url})).json()
        await partner.asks()
        await world.drain()
        [one] = await silences(partner, kind="endpoint")
        assert (one["id"], one["href"]) == (made["id"], f"/v1/webhook-endpoints/{made['id']}")
        assert (one["state"], one["about"]) == ("disabled", "gone")
        assert (await partner.get(one["href"])).json()["failing_since"] == one["since"]
        assert await silences(other, kind="endpoint") == []
        for status in ("disabled", "enabled"):
            await world.client.patch(one["href"], json={"status": status}, headers=partner.headers)
            assert await silences(partner, kind="endpoint") == []


async def test_what_no_worker_looks_at_is_listed_after_ten_minutes(world):
    partner, other = await a_partner(world), await a_partner(world, "Another")
    listening = await partner.post("/v1/webhook-endpoints", {"url": "https://partner.example/hooks"})
    assert listening.status_code == 201
    for one in (partner, other):
        await one.asks()
    world.clock.advance(minutes=9)
    assert await silences(partner) == []
    world.clock.advance(minutes=2)
    assert {(one["kind"], one["about"]) for one in await silences(partner)} == {
        ("event", "tta.submitted"), ("notice", "tta.receipt"),
    }  # fmt: skip
    assert [one["kind"] for one in await silences(other)] == ["notice"], "nobody waits for a webhook there"
    await world.drain()
    assert {one["kind"] for one in await silences(partner)} <= {"webhook"}
    assert await silences(other) == []


async def test_a_sandbox_rehearses_silence(world):
    box = await a_sandbox(world.client)
    request = await box.asks()
    await box.orders(request["id"], "confirm", **MORE["confirm"])
    happened = (await box.waits("PT49H"))["happened"]
    told = [e for e in happened if e["type"] == "tta.unacknowledged"]
    assert [e["data"]["tried"] for e in told] == ["letter", "desk"]
    for event, hours in zip(told, (24, 48), strict=True):
        waited = datetime.fromisoformat(event["occurred_at"]) - datetime.fromisoformat(request["received_at"])
        assert timedelta() < waited - timedelta(hours=hours) < timedelta(minutes=1)
    [letter] = [one for one in await box.mail() if one["kind"] == "tta.unacknowledged"]
    assert letter["address"] == "jo.doe@springfield.gov"
