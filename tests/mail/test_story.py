"""From the fact to the letter: what people do over HTTP brings each letter to whom it is for, on both databases."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.letters import SandboxLetter
from app.core.notices import Notice, Recipient, notify
from app.core.work import Work
from app.tta.states import Letter
from tests.access.make import a_key, an_owner
from tests.tta.make import Person, a_member_of_staff, a_partner


@pytest.fixture
async def staff(world):
    return await a_member_of_staff(world)


def plain(letter):
    return " ".join(next(letter.iter_parts()).get_content().split())


async def kinds_and_outcomes(world):
    async with world.database.read() as session:
        rows = (await session.execute(select(Notice.kind, Notice.status, Notice.outcome))).all()
    return {row.kind for row in rows}, {(str(row.status), row.outcome) for row in rows}


async def test_whoever_asks_gets_a_receipt_with_the_time_that_was_promised(world):
    stranger = Person(world.client)
    await stranger.asks()
    await world.drain()
    receipt, *_ = world.letters()
    assert receipt["To"] == "Jo Doe <jo.doe@springfield.gov>"
    assert receipt["Date"].datetime == world.clock()
    text = plain(receipt)
    assert "Monday, November 23, 2026, at 9:30 a.m. Central Time (15:30 UTC)" in text
    assert "By Tuesday, November 24, 2026, at 9:30 p.m. Central Time (03:30 UTC on November 25)" in text
    assert "Topics: Crisis Intervention Team (CIT) Training" in text, text
    assert "call 988" in text


async def test_the_whole_life_of_a_request_is_told_by_letters(world, staff):
    """Every letter that the desk can owe is owed here, written, and goes out."""
    owner = await an_owner(world, "partner", "Springfield CAD", contact_email="it@springfield.gov")
    partner = Person(world.client, await a_key(world, owner=owner), str(owner.id))
    helped, declined, referred, withdrawn = [await partner.asks() for _ in range(4)]
    await world.drain()
    for action in ("confirm", "ask"):
        await staff.does(helped, action)
    await partner.does(helped, "answer")
    for action in ("match", "schedule", "start", "deliver"):
        await staff.does(helped, action)
    await staff.post(f"/v1/tta-requests/{helped}/messages", {"words": "We <b>spoke</b> with Houston."})
    await staff.does(declined, "decline")
    await staff.does(referred, "refer")
    await partner.does(withdrawn, "withdraw")
    late = await partner.asks()
    world.clock.advance(hours=37)
    await world.drain()
    await staff.does(late, "apologise", new_due_at=(world.clock() + timedelta(hours=4)).isoformat())
    await staff.does(late, "confirm")
    for _ in range(5):
        world.clock.advance(hours=24)
        await world.drain()
    kinds, outcomes = await kinds_and_outcomes(world)
    assert {letter.value for letter in Letter} <= kinds
    assert outcomes == {("sent", "file")}
    texts = [plain(letter) for letter in world.letters()]
    assert any("> We <b>spoke</b> with Houston." in text for text in texts)
    assert any("Houston Police Department" in text and "/v1/learning-sites/" in text for text in texts)
    assert len({letter["Message-ID"] for letter in world.letters()}) == len(texts)


async def test_the_timeline_shows_each_letter_once_and_the_desks_own_to_the_desk_alone(world, staff):
    partner = await a_partner(world)
    id_ = await partner.asks()
    world.clock.advance(hours=37)
    await world.drain()
    theirs, ours = await partner.timeline(id_), await staff.timeline(id_)
    letters = [entry["notice"] for entry in theirs if entry["notice"]]
    assert {letter["kind"] for letter in letters} == {"tta.receipt", "tta.breach"}
    assert {letter["status"] for letter in letters} == {"sent"}
    assert not any("staff" in str(entry) or "escalat" in str(entry) for entry in theirs)
    kinds = [entry["notice"]["kind"] for entry in ours if entry["notice"]]
    assert sorted(kinds) == sorted(["tta.receipt", "tta.arrived", "tta.breach", *["tta.escalation"] * 4])
    assert len(theirs) == len({entry["id"] for entry in theirs})


async def test_the_desk_is_told_a_message_from_an_answer(world, staff):
    partner = Person(world.client, await a_key(world, owner=await an_owner(world, "partner", "Springfield CAD")))
    id_ = await partner.asks()
    await partner.post(f"/v1/tta-requests/{id_}/messages", {"words": "Just a note."})
    await world.drain()
    [told] = [letter for letter in world.letters() if "message" in letter["Subject"]]
    assert "wrote to the desk about request" in plain(told)
    assert "clock of its match" not in plain(told)
    for action in ("confirm", "ask"):
        await staff.does(id_, action)
    await partner.does(id_, "answer")
    await world.drain()
    [told] = [letter for letter in world.letters() if "was answered" in letter["Subject"]]
    assert "the clock of its match runs again" in plain(told)


async def test_a_partner_is_told_when_its_letter_has_gone_and_never_of_the_desks(world):
    partner = await a_partner(world)
    await partner.asks()
    world.clock.advance(hours=37)
    await world.drain()
    events = (await partner.get("/v1/events", params={"limit": 200})).json()["items"]
    told = [event for event in events if event["type"].startswith("notice.")]
    assert {(event["type"], event["data"]["kind"]) for event in told} == {
        ("notice.sent", "tta.receipt"), ("notice.sent", "tta.breach"),
    }  # fmt: skip
    assert "jo.doe" not in str(events)


async def test_what_somebody_sent_to_the_editors_is_answered_by_letter(world):
    answer = await world.client.post(
        "/v1/contact-submissions",
        json={"kind": "question", "name": "Jo Doe", "email": "jo.doe@springfield.gov", "subject": "A word",
              "message": "Which of the topics speaks of dispatch? We could not find it."},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    await world.drain()
    kinds, outcomes = await kinds_and_outcomes(world)
    assert (kinds, outcomes) == ({"contact.receipt", "contact.arrived"}, {("sent", "file")})


async def test_a_partner_hears_by_letter_that_its_endpoint_was_disabled(world):
    owner = await an_owner(world, "partner", "Springfield CAD", contact_email="it@springfield.gov")
    partner = Person(world.client, await a_key(world, owner=owner))
    made = await partner.post(
        "/v1/webhook-endpoints", {"url": "https://hooks.springfield.gov/secret-path", "description": "dispatch system"}
    )
    async with world.database.write() as session:
        work = Work(session=session, actor="system", now=world.clock())
        notify(work, "webhook.disabled", "webhook_endpoint", UUID(made.json()["id"]), Recipient.PARTNER, reason="gone")
    await world.drain()
    (letter,) = world.letters()
    assert letter["To"] == "Springfield CAD <it@springfield.gov>"
    assert 'Your endpoint "dispatch system" answered 410 Gone' in plain(letter)
    assert "secret-path" not in letter.as_string()


async def test_letters_of_a_sandbox_stay_in_it(world):
    made = (await world.client.post("/v1/sandboxes")).json()
    visitor = Person(world.client, made["key"])
    await visitor.asks()
    await world.drain()
    assert world.letters() == []
    async with world.database.read() as session:
        kept = list(await session.scalars(select(SandboxLetter)))
    assert {letter.kind for letter in kept} == {"tta.receipt", "tta.arrived"}
