"""Nothing answered with 2xx is lost: real processes are killed in the middle, again and again.

`kill -9` at random moments under concurrent posting, and in the middle of a sandbox's escalations. Afterwards every 201
is there once, with its clock, its event and its receipt, and every step of escalation happened once. Who got no answer
repeats with the same idempotency key, as the documentation says, and that makes one request.
"""

import asyncio
import json
import random
import uuid
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from email import message_from_bytes

import httpx
import pytest
from sqlalchemy import select, update

from app.core.db import Database
from app.core.notices import Notice, NoticeStatus
from app.core.work import Event
from app.tta.models import TTARequest
from tests.ops.make import pmhc, server
from tests.tta.make import a_form

ROUNDS, POSTERS = 5, 8
GENEROUS = "intake=1000000/60,anonymous=1000000/60,partner=1000000/60,sandbox=1000/60"


async def post_until_killed(client, headers, answered, unanswered):
    """Post as fast as it goes; remember what was answered, and what was not."""
    while True:
        key = str(uuid.uuid4())
        body = a_form(external_ref=key)
        try:
            answer = await client.post("/v1/tta-requests", json=body, headers={**headers, "Idempotency-Key": key})
        except httpx.TransportError:
            unanswered[key] = body
            return
        if answer.status_code == 201:
            answered[key] = answer.json()
        else:
            assert answer.status_code == 503, answer.text
            unanswered[key] = body


async def repeat(client, headers, answered, unanswered):
    """What a partner does that got no answer: the same again, with the same key."""
    for key, body in list(unanswered.items()):
        answer = await client.post("/v1/tta-requests", json=body, headers={**headers, "Idempotency-Key": key})
        assert answer.status_code == 201, answer.text
        answered[key] = answer.json()
        del unanswered[key]


@pytest.mark.timeout(400)
async def test_every_201_survives_kill_9(database_url, tmp_path):
    chance = random.Random(36)
    mail = tmp_path / "mail"
    options = {"APP_MAIL_URL": f"file:{mail}", "APP_LIMITS": GENEROUS}
    key = pmhc("keys", "create", "--role", "partner", "--name", "Crash test", url=database_url).stdout.strip()
    headers = {"X-Api-Key": key}
    answered, unanswered = {}, {}
    for _ in range(ROUNDS):
        async with server(database_url, **options) as (client, process, _):
            await repeat(client, headers, answered, unanswered)
            posting = [
                asyncio.create_task(post_until_killed(client, headers, answered, unanswered)) for _ in range(POSTERS)
            ]
            await asyncio.sleep(chance.uniform(0.1, 0.6))
            process.kill()
            await asyncio.gather(*posting)
    assert len(answered) > ROUNDS
    database = Database(database_url, 2)
    await end_leases_of_the_dead(database)
    async with server(database_url, **options) as (client, _process, _):
        await repeat(client, headers, answered, unanswered)
        try:
            async with asyncio.timeout(60):
                while await owed(database):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            await database.close()
            raise
    async with database.read() as session:
        requests = {str(row.id): row for row in await session.scalars(select(TTARequest))}
        submitted = Counter(await session.scalars(select(Event.subject_id).where(Event.type == "tta.submitted")))
        owed_letters = list(await session.scalars(select(Notice)))
    await database.close()
    ids = [answer["id"] for answer in answered.values()]
    assert sorted(ids) == sorted(requests)
    assert len({row.external_ref for row in requests.values()}) == len(requests)
    assert submitted == Counter(ids)
    for kind in ("tta.receipt", "tta.arrived"):
        assert Counter(str(one.subject_id) for one in owed_letters if one.kind == kind) == Counter(ids)
    assert {one.status for one in owed_letters} == {NoticeStatus.SENT}
    for answer in answered.values():
        row = requests[answer["id"]]
        assert row.due_at - row.received_at == timedelta(hours=36)
        assert row.reference == answer["reference"]
    letters = Counter(message_from_bytes(file.read_bytes())["Message-ID"] for file in mail.glob("**/*.eml"))
    assert len(letters) == len(owed_letters)


async def end_leases_of_the_dead(database):
    """A letter that a killed worker had in hand is its own for some minutes: they pass here at once."""
    async with database.write() as session:
        owing = update(Notice).where(Notice.status == NoticeStatus.QUEUED)
        await session.execute(owing.values(next_attempt_at=Notice.queued_at))


async def owed(database):
    async with database.read() as session:
        return await session.scalar(select(Notice.id).where(Notice.status == NoticeStatus.QUEUED).limit(1))


@pytest.mark.timeout(400)
async def test_every_step_of_escalation_happens_once_though_killed_in_the_middle(database_url, tmp_path):
    chance = random.Random(5150)
    options = {"APP_MAIL_URL": f"file:{tmp_path}/mail", "APP_LIMITS": GENEROUS}
    async with server(database_url, **options) as (client, _, _lines):
        made = (await client.post("/v1/sandboxes")).json()
        headers = {"X-Api-Key": made["key"]}
        ids = []
        for n in range(10):
            answer = await client.post(
                "/v1/tta-requests", json=a_form(), headers={**headers, "Idempotency-Key": f"step-{n}"}
            )
            ids.append(answer.json()["id"])
    for _ in range(6):
        async with server(database_url, **options) as (client, process, _):
            moving = asyncio.create_task(
                client.post("/v1/sandboxes/current/clock", json={"advance": "PT37H"}, headers=headers, timeout=60)
            )
            await asyncio.wait([moving], timeout=chance.uniform(0.1, 0.8))
            process.kill()
            with suppress(httpx.TransportError):
                await moving
    async with server(database_url, **options) as (client, _, _):
        moved = await client.post(
            "/v1/sandboxes/current/clock", json={"advance": "PT37H"}, headers=headers, timeout=120
        )
        assert moved.status_code == 200, moved.text
    database = Database(database_url, 2)
    async with database.read() as session:
        events = list(await session.scalars(select(Event).where(Event.world_id.is_not(None)).order_by(Event.position)))
    await database.close()
    for id_ in ids:
        mine = [event for event in events if event.subject_id == id_]
        steps = [event.data["step"] for event in mine if event.type == "tta.escalated"]
        assert steps in ([50, 75, 90, 100], [50, 75, 90]), json.dumps([e.type for e in mine])
        assert sum(event.type == "tta.promise_breached" for event in mine) == 1
