"""A story in which everything happens that a partner is told of: `python -m tests.webhooks.examples` keeps the bodies.

Nothing in `app/webhooks/examples.json` is written by hand: each example is the first event of its type in the feed of
the partner whom the story is about. What is random by nature is replaced by a value of the same form.
"""

import asyncio
import json
import re
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from app.core.facts import public_types
from app.tta.personal import Contact
from app.webhooks.body import EXAMPLES
from tests.access.make import a_key, an_owner
from tests.docs.examples import stand_still
from tests.make import Templates, World, running
from tests.tta.make import Person, a_member_of_staff
from tests.webhooks.make import receiver

REFERENCE = re.compile(r"\b(TTA|PMHC)-2026-[0-9A-Z]{4}-[0-9A-Z]{4}\b")
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
LIVES = (
    ("confirm", "review", "ask", "answer", "hold", "resume", "match", "schedule", "start", "deliver", "evaluate"),
    ("confirm", "match", "start", "deliver", "close"),
    ("decline",),
    ("refer",),
    ("withdraw",),
)
SENDER = {"answer", "evaluate", "withdraw"}
SENT = {"name": "Jo Doe", "email": "jo@springfield.gov", "subject": "Our policy", "message": "Here it is."}
MATERIAL = {
    **SENT, "kind": "policy", "may_be_shared": True, "nothing_personal": True,
    "attachments": [{"filename": "policy.pdf", "media_type": "application/pdf"}],
}  # fmt: skip


async def happen(world: World, partner: Person, staff: Person) -> None:
    """Everything."""
    await _requests(world, partner, staff)
    await _contact(partner, staff)
    await _keys(world, partner)
    async with receiver(script=[410]) as theirs:
        endpoint = (await partner.post("/v1/webhook-endpoints", {"url": theirs.url})).json()
        asked = await partner.post(f"/v1/webhook-endpoints/{endpoint['id']}/test", None)
        assert asked.status_code == 202, asked.text
        await world.drain()
    await world.drain()


async def _requests(world: World, partner: Person, staff: Person) -> None:
    late = await partner.asks(external_ref="CASE-2026-0815")
    await world.drain()
    for life in LIVES:
        request = await partner.asks()
        for action in life:
            await (partner if action in SENDER else staff).does(request, action)
    said = await partner.post(f"/v1/tta-requests/{late}/messages", {"words": "We could also come in April."})
    assert said.status_code == 201
    unreachable = await partner.asks()  # the form refuses such an address, so it is put in afterwards
    async with world.database.write() as session:
        contact = await session.get_one(Contact, UUID(unreachable))
        contact.said = {**contact.said, "contact": {**contact.said["contact"], "email": "nobody"}}
    world.clock.advance(hours=37)
    await world.drain()
    await staff.does(late, "apologise", new_due_at=(world.clock() + timedelta(hours=2)).isoformat())
    world.clock.advance(hours=3)
    await world.drain()
    await staff.does(late, "confirm")
    for _ in range(2):
        world.clock.advance(hours=25)
        await world.drain()
    answer = await partner.client.post(f"/v1/tta-requests/{late}/acknowledgements", headers=partner.headers)
    assert answer.status_code == 200, answer.text


async def _contact(partner: Person, staff: Person) -> None:
    words = {"words": "Thank you; this helps others."}
    question = {**SENT, "kind": "question"}
    lives = (
        (question, ("review", "answer", "close")), (MATERIAL, ("review", "accept")), (MATERIAL, ("review", "return")),
        (question, ("decline",)), (question, ("withdraw",)),
    )  # fmt: skip
    for n, (body, life) in enumerate(lives):
        sent = await partner.post("/v1/contact-submissions", body, **{"Idempotency-Key": f"contact-{n}"})
        assert sent.status_code == 201, sent.text
        made = sent.json()
        for file in made.get("attachments") or []:
            path = f"/v1/contact-submissions/{made['id']}/attachments/{file['id']}"
            headers = {**partner.headers, "Content-Type": "application/pdf"}
            stored = await partner.client.put(path, content=PDF, headers=headers)
            assert stored.status_code == 200, stored.text
        for action in life:
            more = words if action in {"answer", "accept", "return", "decline"} else {}
            who = partner if action == "withdraw" else staff
            moved = await who.post(f"/v1/contact-submissions/{made['id']}/actions", {"action": action, **more})
            assert moved.status_code == 200, moved.text


async def _keys(world: World, partner: Person) -> None:
    boss = await a_member_of_staff(world, "The boss")
    key = await boss.post("/v1/keys", {"owner_id": partner.owner_id, "label": "dispatch system"})
    assert key.status_code == 201, key.text
    rotated = await boss.post(f"/v1/keys/{key.json()['id']}/rotate", {"overlap_hours": 24})
    assert rotated.status_code == 201, rotated.text
    revoked = await boss.client.post(f"/v1/keys/{key.json()['id']}/revoke", headers=boss.headers)
    assert revoked.status_code == 200, revoked.text


async def make() -> dict[str, dict[str, Any]]:
    """The first event of each type."""
    with tempfile.TemporaryDirectory() as folder:
        url = await Templates("sqlite", Path(folder), None).create(seeded=True)
        places = {"files_url": f"file:{folder}/files", "mail_url": f"file:{folder}/mail"}
        async with running(url, webhook_loopback=True, **places) as world:
            owner = await an_owner(world)
            partner = Person(world.client, await a_key(world, owner=owner), str(owner.id))
            await happen(world, partner, await a_member_of_staff(world))
            first: dict[str, dict[str, Any]] = {}
            path = "/v1/events?limit=200"
            while path:
                page = (await partner.get(path)).json()
                for event in page["items"]:
                    first.setdefault(event["type"], event)
                path = page["links"]["next"]
    missing = {fact.name for fact in public_types()} - set(first)
    assert not missing, f"the story does not tell {sorted(missing)}"
    still = json.loads(stand_still(json.dumps(first)))
    for event in still.values():
        event["sequence"] = 1
    seen: dict[str, str] = {}
    told = REFERENCE.sub(lambda m: seen.setdefault(m[0], f"{m[1]}-2026-7K3Q-F{len(seen):03d}"), json.dumps(still))
    return json.loads(re.sub(r"\b[0-9a-f]{64}\b", "0" * 64, told))


def written(made: dict[str, dict[str, Any]]) -> str:
    """The file's text."""
    return json.dumps(dict(sorted(made.items())), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    EXAMPLES.write_text(written(asyncio.run(make())), encoding="utf-8")
