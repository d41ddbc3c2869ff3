"""The short way for a post answers as the framework's long way does, refusals included."""

import json

import pytest

from app.tta.quick import is_plain
from tests.access.make import a_key, an_owner
from tests.tta.make import a_form

JSON = {"Content-Type": "application/json"}
GOOD = json.dumps(a_form()).encode()
CASES = {
    "good": (GOOD, JSON),
    "with a key": (GOOD, {**JSON, "Idempotency-Key": "first-try"}),
    "a partner": (GOOD, {**JSON, "Idempotency-Key": "first-try", "X-Api-Key": "partner"}),
    "a partner without a key of the attempt": (GOOD, {**JSON, "X-Api-Key": "partner"}),
    "a key without the scope": (GOOD, {**JSON, "Idempotency-Key": "first-try", "X-Api-Key": "reader"}),
    "no JSON": (b"{", JSON),
    "nothing": (b"", JSON),
    "a form": (GOOD, {"Content-Type": "application/x-www-form-urlencoded"}),
    "mistakes": (json.dumps({**a_form(), "topics": ["nothing"], "more": 1}).encode(), JSON),
    "an odd key": (GOOD, {**JSON, "Idempotency-Key": "with blanks in it"}),
    "too long a key": (GOOD, {**JSON, "Idempotency-Key": "x" * 201}),
}


def plain(answer):
    """What does not differ from request to request."""
    told = answer.json()
    gone = {"id", "reference", "request_id", "receipt", "status_token", "links", "confirmation_receipt", "href"}
    return answer.status_code, answer.headers["content-type"], {k: v for k, v in told.items() if k not in gone}


@pytest.mark.parametrize("case", CASES)
async def test_both_ways_say_the_same(world, case):
    body, headers = CASES[case]
    if who := headers.get("X-Api-Key"):
        owner = await an_owner(world, "partner")
        scopes = {"scopes": ["tta:read"]} if who == "reader" else {}
        headers = {**headers, "X-Api-Key": await a_key(world, owner=owner, **scopes)}
    short = await world.client.post("/v1/tta-requests", content=body, headers=headers)
    again = {
        **headers,
        **({"Idempotency-Key": headers["Idempotency-Key"] + "2"} if "Idempotency-Key" in headers else {}),
    }
    long = await world.client.post("/v1/tta-requests?dry_run=false", content=body, headers=again)
    assert plain(short) == plain(long)


async def test_plain_posts_take_the_short_way_and_others_the_long(world):
    def taken(query=b"", **headers):
        scope = {"type": "http", "method": "POST", "path": "/v1/tta-requests", "query_string": query}
        sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        return is_plain({**scope, "headers": sent})

    assert taken()
    assert taken(idempotency_key="first-try")
    assert not taken(query=b"dry_run=true")
    assert not taken(idempotency_key="with blanks")
    assert (await world.client.post("/v1/tta-requests", json=a_form())).status_code == 201
    assert 'route="/v1/tta-requests",status="201"' in (await world.client.get("/metrics")).text
