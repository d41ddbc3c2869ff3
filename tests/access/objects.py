"""How to make one thing of every collection whose members belong to somebody.

`MAKERS[collection](world, owner_and_key)` makes a thing of that owner's, or, where owner_and_key is None, a thing
that somebody without a key made; then `token` is what its maker reads it with.
"""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sqlalchemy import select

from app.access import keys
from app.access.models import ApiKey
from tests.access.make import a_key

_count = itertools.count(1)


@dataclass
class Made:
    """A thing that was made."""

    id: object
    token: str | None = None
    inner: dict[str, object] = field(default_factory=dict)
    """Ids of things within it, by the name of the path parameter."""


async def a_key_of(world, whose) -> Made:
    text = await a_key(world, owner=whose[0])
    async with world.database.read() as session:
        return Made(await session.scalar(select(ApiKey.id).where(ApiKey.prefix == keys.parse(text).prefix)))


async def the_owner(_world, whose) -> Made:
    return Made(whose[0].id)


async def an_endpoint(world, whose) -> Made:
    body = {"url": f"https://hooks{next(_count)}.partner.org/pmhc"}
    answer = await world.client.post("/v1/webhook-endpoints", json=body, headers={"X-Api-Key": whose[1]})
    assert answer.status_code == 201, answer.text
    return Made(answer.json()["id"])


async def a_delivery(world, whose) -> Made:
    endpoint = await an_endpoint(world, whose)
    answer = await world.client.post(f"/v1/webhook-endpoints/{endpoint.id}/test", headers={"X-Api-Key": whose[1]})
    assert answer.status_code == 202, answer.text
    return Made(answer.json()["delivery_id"])


async def a_request(world, whose) -> Made:
    headers = {"X-Api-Key": whose[1]} if whose else {}
    headers["Idempotency-Key"] = f"made-{next(_count)}"
    body = {
        "contact": {"name": "Jo Doe", "email": "jo.doe@springfield.gov"},
        "agency": {"name": "Springfield Police Department", "type": "municipal_police", "state": "IL"},
        "kind": "question",
        "description": "How do other agencies of our size begin?",
    }
    answer = await world.client.post("/v1/tta-requests", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return Made(answer.json()["id"], answer.json()["status_token"])


async def a_submission(world, whose) -> Made:
    headers = {"X-Api-Key": whose[1]} if whose else {}
    body = {
        "kind": "policy", "name": "Jo Doe", "email": "jo.doe@springfield.gov", "subject": "Our crisis policy",
        "message": "Here is our policy, for others to use.", "may_be_shared": True, "nothing_personal": True,
        "attachments": [{"filename": "policy.txt", "media_type": "text/plain"}],
    }  # fmt: skip
    answer = await world.client.post("/v1/contact-submissions", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    opened = headers or {"X-Status-Token": told["status_token"]}
    sent = await world.client.put(
        told["attachments"][0]["href"], content=b"Be kind.", headers={**opened, "Content-Type": "text/plain"}
    )
    assert sent.status_code == 200, sent.text
    return Made(told["id"], told["status_token"], {"attachment_id": told["attachments"][0]["id"]})


MAKERS: dict[str, Callable[..., Awaitable[Made]]] = {
    "/v1/contact-submissions": a_submission,
    "/v1/deliveries": a_delivery,
    "/v1/keys": a_key_of,
    "/v1/owners": the_owner,
    "/v1/tta-requests": a_request,
    "/v1/webhook-endpoints": an_endpoint,
}

BODIES: dict[str, dict] = {"actOnContactSubmission": {"action": "withdraw"}}
"""The body of operations that look at theirs before they look at the thing; the others are sent an empty one."""
