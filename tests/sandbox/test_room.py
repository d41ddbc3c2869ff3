"""A sandbox holds a bounded number of things; and whoever meets its end halfway is told so."""

import asyncio
from collections import Counter

import pytest

from app.core.sandboxes import ENDPOINTS_MOST, REQUESTS_MOST, SUBMISSIONS_MOST
from tests.access.make import a_key, an_owner
from tests.sandbox.make import HOOK, a_sandbox
from tests.sandbox.test_ending import blocked, while_it_is_thrown_away
from tests.tta.make import a_form

CONTACT = "/v1/contact-submissions"
REQUESTS, HOOKS, CLOCK = "/v1/tta-requests", "/v1/webhook-endpoints", "/v1/sandboxes/current/clock"
QUESTION = {
    "kind": "question", "name": "Jo Doe", "email": "jo@springfield.gov", "subject": "A question",
    "message": "How do we begin?",
}  # fmt: skip


async def send(box, path, body, key="one"):
    return await box.client.post(path, json=body, headers={**box.headers, "Idempotency-Key": key})


async def test_a_sandbox_holds_so_many_requests_and_says_so(world):
    box = await a_sandbox(world.client)
    answers = await asyncio.gather(*(send(box, REQUESTS, a_form(), f"k{n}") for n in range(REQUESTS_MOST + 5)))
    assert Counter(answer.status_code for answer in answers) == {201: REQUESTS_MOST, 409: 5}
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert (refused["type"], refused["limit"]) == ("/problems/sandbox-full", REQUESTS_MOST)
    dry = await send(box, f"{REQUESTS}?dry_run=true", a_form(), "another")
    assert dry.status_code == 409
    kept = next(n for n, answer in enumerate(answers) if answer.status_code == 201)
    again = await send(box, REQUESTS, a_form(), f"k{kept}")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    await (await a_sandbox(world.client)).asks()


async def test_a_sandbox_holds_so_many_submissions_and_says_so(world):
    box = await a_sandbox(world.client)
    answers = await asyncio.gather(*(send(box, CONTACT, QUESTION, f"k{n}") for n in range(SUBMISSIONS_MOST + 3)))
    assert Counter(answer.status_code for answer in answers) == {201: SUBMISSIONS_MOST, 409: 3}
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert (refused["type"], refused["limit"]) == ("/problems/sandbox-full", SUBMISSIONS_MOST)
    kept = next(n for n, answer in enumerate(answers) if answer.status_code == 201)
    again = await send(box, CONTACT, QUESTION, f"k{kept}")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")


async def test_a_sandbox_has_few_endpoints_also_when_many_are_made_at_once(bare):
    box = await a_sandbox(bare.client)
    answers = await asyncio.gather(*(send(box, HOOKS, {"url": HOOK}, f"k{n}") for n in range(ENDPOINTS_MOST + 5)))
    assert Counter(answer.status_code for answer in answers) == {201: ENDPOINTS_MOST, 409: 5}
    made = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    assert (await box.client.delete(f"{HOOKS}/{made}", headers=box.headers)).status_code == 204
    assert (await send(box, HOOKS, {"url": HOOK}, "another")).status_code == 409


async def test_a_partner_has_no_more_endpoints_than_it_may_also_when_many_are_made_at_once(bare, monkeypatch):
    monkeypatch.setattr("app.webhooks.service.ENDPOINTS_MAX", 3)
    headers = {"X-Api-Key": await a_key(bare, owner=await an_owner(bare))}
    made = [bare.client.post(HOOKS, json={"url": HOOK}, headers=headers) for _ in range(8)]
    assert Counter(answer.status_code for answer in await asyncio.gather(*made)) == {201: 3, 409: 5}


CALLS = {
    "request": ("POST", REQUESTS, a_form()),
    "question": ("POST", CONTACT, QUESTION),
    "endpoint": ("POST", HOOKS, {"url": HOOK}),
    "clock": ("POST", CLOCK, {"advance": "PT1H"}),
    "look": ("GET", "/v1/sandboxes/current", None),
    "end": ("DELETE", "/v1/sandboxes/current", None),
}


@pytest.mark.parametrize("name", CALLS)
async def test_who_meets_the_end_of_a_sandbox_halfway_is_told_that_the_key_is_gone(world, name):
    await (await a_sandbox(world.client)).asks()  # the first request makes a key that signs receipts
    box = await a_sandbox(world.client)
    method, path, body = CALLS[name]
    headers = {**box.headers, "Idempotency-Key": "one"}
    # The key was good a moment ago, and is still remembered.
    assert (await world.client.get("/v1/whoami", headers=headers)).status_code == 200
    async with while_it_is_thrown_away(world, box):
        asking = asyncio.create_task(world.client.request(method, path, json=body, headers=headers))
        if name != "look":
            await blocked(world.database)
    answer = await asking
    assert answer.status_code in ({200, 401} if name == "look" else {204, 401} if name == "end" else {401}), answer.text
