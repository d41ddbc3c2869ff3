"""What must stay where it is: internal notes at the desk, personal data in the one place for it."""

import asyncio
import json
import re
from itertools import product
from pathlib import Path

from sqlalchemy import String, cast, select

from app.core.db import Base
from app.tta.actions import KINDS, TEXTS
from app.tta.drawing import PERSONAL_PATHS
from tests.make import running
from tests.ops.test_process import server
from tests.tta.make import MORE, Person, a_form, a_member_of_staff, a_partner

PATH = "/v1/tta-requests"
HELD = {"tta_contact", "tta_message"}
"""The one place for personal data."""


async def everything_a_key_can_read(world, key: str, id_: str, **more: str) -> dict[str, str]:
    """The answer of every address that can be read, with a key."""
    document = (await world.client.get("/openapi.json")).json()
    told = {}
    for path, operations in document["paths"].items():
        if "get" not in operations or path.endswith("/stream"):
            continue
        for name in (id_, *more.values()):
            address = re.sub(r"\{\w+\}", name, path)
            answer = await world.client.get(address, headers={"X-Api-Key": key})
            told[address] = answer.text + json.dumps(dict(answer.headers))
    return told


async def test_an_internal_note_reaches_no_surface_that_a_partner_sees(world):
    canary = "canary-between-us-7f3a"
    partner, staff, clerk = await a_partner(world), await a_member_of_staff(world), await a_member_of_staff(world, "B")
    id_ = await partner.asks()
    answer = await staff.post(f"{PATH}/{id_}/messages", {"words": f"Note {canary}", "internal": True})
    assert answer.status_code == 201
    await clerk.does(id_, "claim")
    for action in ("confirm", "ask"):
        await staff.does(id_, action)
    await partner.does(id_, "answer")
    world.clock.advance(days=3)
    await world.drain()
    reference = (await partner.sees(id_))["reference"]
    told = await everything_a_key_can_read(world, partner.key, id_, reference=reference)
    assert f"{PATH}/{id_}/timeline" in told
    assert [address for address, text in told.items() if canary in text] == []
    assert [address for address, text in told.items() if "tta.noted" in text and address != "/openapi.json"] == []
    hidden = ("tta.claimed", "tta.escalated", "tta.task_opened")
    assert not [a for a, text in told.items() if any(h in text for h in hidden) and not a.startswith("/openapi")]
    for body in ({"action": "withdraw"}, {"action": "confirm", **MORE["confirm"]}):
        answer = await partner.post(f"{PATH}/{id_}/actions", body)
        assert canary not in answer.text
    letters = "".join(path.read_text() for path in Path(world.settings.mail_url.get_secret_value()[5:]).glob("*.eml"))
    assert canary not in letters
    shown = await everything_a_key_can_read(world, staff.key, id_)
    assert [address for address, text in shown.items() if canary in text] == [f"{PATH}/{id_}/timeline"]


def with_canaries(canary: str) -> dict:
    """A form with a canary in every field that may hold personal data."""
    body = a_form(contact={"name": f"Jo {canary}", "email": f"{canary}@springfield.gov", "phone": "410-555-0177"})
    for *above, name in PERSONAL_PATHS:
        node = body
        for step in above:
            node = node.setdefault(step, {})
        odd = {"email": f"{canary}@springfield.gov", "phone": "410-555-0177", "zip": "62701-9177"}
        node.setdefault(name, odd.get(name, f"{canary} in {name}, and some more words"))
    return body


LIVES = (
    ("confirm", "ask", "answer", "hold", "resume", "match", "schedule", "start", "deliver", "evaluate"),
    ("confirm", "match", "start", "deliver", "close"),
    ("apologise", "decline"),
    ("refer",),
    ("withdraw",),
)


def said_with(action: str) -> set[str]:
    """What a person writes with an action, by name."""
    return set(TEXTS) & set(KINDS[action].model_fields)


def test_every_word_that_an_action_takes_is_a_canary_somewhere():
    spoken = {action for action in KINDS if said_with(action)}
    assert spoken == {action for life in LIVES for action in life if said_with(action)}
    prose = {
        (action, name)
        for action, kind in KINDS.items()
        for name, field in kind.model_json_schema()["properties"].items()
        for said in field.get("anyOf", [field])
        if said.get("type") == "string" and not {"const", "format", "pattern"} & set(said)
    }
    assert prose == {(action, name) for action in KINDS for name in said_with(action)}


async def test_personal_data_stays_in_its_place(database_url, tmp_path):
    canary = "canary-jo-9c41"
    seen = []
    async with running(database_url, mail_url=f"file:{tmp_path}") as world:
        partner, staff = await a_partner(world), await a_member_of_staff(world)
        someone = Person(world.client)
        for who, (n, life) in product((partner, someone), enumerate(LIVES)):
            answer = await who.post(PATH, with_canaries(canary), **{"Idempotency-Key": f"canary-{n}"})
            assert answer.status_code == 201, answer.text
            seen.append(str(answer.headers))
            id_ = answer.json()["id"]
            who.token = answer.json()["status_token"]
            assert canary in (await who.get(f"{PATH}/{id_}")).text
            await who.post(f"{PATH}/{id_}/messages", {"words": f"I am {canary}."})
            for action in life:
                world.clock.advance(hours=37 if action == "apologise" else 0)
                more = {**MORE.get(action, {}), **{name: f"{canary}, {name}" for name in said_with(action)}}
                actor = who if action in {"answer", "withdraw", "evaluate"} else staff
                done = await actor.act(id_, action, **more)
                assert done.status_code == 200, done.text
            await staff.post(f"{PATH}/{id_}/messages", {"words": f"Note on {canary}", "internal": True})
            # Refusals that the words were in.
            await who.post(PATH, {**with_canaries(canary), "kind": canary}, **{"Idempotency-Key": "refused"})
            await who.act(id_, canary)
        await world.client.get(f"{PATH}/{canary}")
        world.clock.advance(days=3)
        await world.drain()
        metrics = (await world.client.get("/metrics")).text
        events = [(await who.get("/v1/events")).text for who in (partner, staff)]
        audit = (await staff.get("/v1/audit")).text
        lists = [(await who.get(PATH)).text for who in (partner, staff)]
        places = await where(world, canary) | await where(world, "4105550177") | await where(world, "62701-9177")
    assert places == HELD
    for text in (metrics, *events, audit, *lists, *seen):
        assert canary not in text
        assert "4105550177" not in text


async def test_the_log_of_a_real_server_holds_nothing_of_what_people_wrote(database_url, tmp_path):
    canary = "canary-log-51aa"
    more = {"APP_LOG_LEVEL": "debug", "APP_MAIL_URL": f"file:{tmp_path}"}
    async with server(database_url, **more) as (client, _, lines):
        someone = Person(client)
        answer = await someone.post(PATH, with_canaries(canary))
        assert answer.status_code == 201
        someone.token = answer.json()["status_token"]
        path = f"{PATH}/{answer.json()['id']}"
        await someone.post(f"{path}/messages", {"words": canary})
        await someone.post(f"{path}/actions", {"action": "withdraw", "note": canary})
        for body in ({**with_canaries(canary), "kind": canary}, {canary: canary}, canary, [canary]):
            assert (await someone.post(PATH, body)).status_code == 422
        await client.post(PATH, content=f'{{"a": "{canary}'.encode(), headers={"Content-Type": "application/json"})
        await someone.get(f"{PATH}?q={canary}")
        for _ in range(100):
            if list(tmp_path.glob("*.eml")):
                break
            await asyncio.sleep(0.1)
    log = "".join(lines)
    assert "/v1/tta-requests" in log
    assert canary not in log
    assert answer.json()["status_token"] not in log


async def where(world, text: str) -> set[str]:
    """The tables in which a text stands."""
    found = set()
    async with world.database.read() as session:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                values = await session.scalars(select(cast(column, String)))
                if any(value and text in value for value in values):
                    found.add(table.name)
    return found
