"""New times: named with an apology, watched, and told when they pass too; for the match as for the confirmation."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core.notices import Notice, NoticeStatus
from app.core.work import Event
from app.tta.sweep import tell_steps
from tests.make import anyio_thread, migrate, running
from tests.tta.make import Person, a_member_of_staff, a_partner, texts

PATH = "/v1/tta-requests"


def in_hours(world, hours: float) -> str:
    return (world.clock() + timedelta(hours=hours)).isoformat()


async def missed(world, id_: str) -> list[tuple[str, str]]:
    wanted = select(Event).where(Event.subject_id == id_, Event.type == "tta.new_time_missed").order_by(Event.at)
    async with world.database.read() as session:
        return [(event.data["promise"], event.data["due_at"]) for event in await session.scalars(wanted)]


async def tasks(staff: Person, **query) -> list[str]:
    answer = await staff.get("/v1/tta-tasks", params=query)
    return [task["kind"] for task in answer.json()["items"]]


async def apologises(world, staff: Person, id_: str, hours: float = 5) -> dict:
    return await staff.does(id_, "apologise", new_due_at=in_hours(world, hours))


async def test_a_new_time_that_passes_is_told_once_and_is_a_task_again(world, partner, staff):
    id_ = await partner.asks()
    world.clock.advance(hours=37)
    await world.drain()
    first = (await apologises(world, staff, id_))["clock"]["new_due_at"]
    assert await tasks(staff) == []
    world.clock.advance(hours=5)
    await world.drain()
    assert await missed(world, id_) == [], "it has not passed yet"
    world.clock.advance(seconds=1)
    for _ in range(3):
        await world.drain()
        world.clock.advance(days=1)
    assert await missed(world, id_) == [("confirmation", first)]
    assert await tasks(staff) == ["apologise"]
    [to_them] = texts(world, "late again")
    assert "That time has passed too, and nobody had confirmed it" in to_them
    assert "The new time that we named to confirm it has passed too." in texts(world, "Overdue")[-1]
    assert "tta.new_time_missed" in [entry["type"] for entry in await partner.timeline(id_)]
    second = (await apologises(world, staff, id_, 1))["clock"]["new_due_at"]
    [told] = [e for e in await staff.timeline(id_) if e["type"] == "tta.apologised"][1:]
    assert (told["data"]["new_due_at_before"], told["data"]["new_due_at"]) == (first, second)
    assert (await tasks(staff), await tasks(staff, done=True)) == ([], ["apologise"])
    world.clock.advance(days=9)  # nobody looked for so long
    await world.drain()
    assert await missed(world, id_) == [("confirmation", first), ("confirmation", second)]
    assert await tasks(staff) == ["apologise"]


async def test_a_new_time_that_is_kept_or_that_nobody_waits_for_is_told_to_nobody(world, partner, staff):
    kept, withdrawn = await partner.asks(), await partner.asks()
    world.clock.advance(hours=37)
    await world.drain()
    for id_ in (kept, withdrawn):
        await apologises(world, staff, id_)
    await staff.does(kept, "confirm")
    await partner.does(withdrawn, "withdraw")
    world.clock.advance(days=1)
    await world.drain()
    assert await missed(world, kept) == await missed(world, withdrawn) == []
    assert await tasks(staff) == []


async def test_what_is_done_after_a_missed_time_finds_it_told(world, partner, staff):
    """As with a breach: the fact stands before what follows it, whether or not a worker was there."""
    id_ = await partner.asks()
    world.clock.advance(hours=37)
    await apologises(world, staff, id_)
    world.clock.advance(hours=6)
    shown = await staff.does(id_, "confirm")
    order = [entry["type"] for entry in await staff.timeline(id_)]
    assert order.index("tta.new_time_missed") < order.index("tta.confirmed")
    assert "apologise" in shown["allowed_actions"]
    shown = await apologises(world, staff, id_)
    assert "apologise" not in shown["allowed_actions"]
    assert await tasks(staff) == []


async def test_many_missed_times_cost_a_constant_number_of_statements(world, partner, staff, statements):
    run = []
    for n in (2, 12):
        ids = [await partner.asks() for _ in range(n)]
        world.clock.advance(hours=37)
        await world.drain()
        for id_ in ids:
            await apologises(world, staff, id_)
        world.clock.advance(hours=6)
        with statements(world.database) as counted:
            assert await tell_steps(world.database, world.clock()) == n
        run.append(len(counted))
    assert run[1] <= run[0] + 2


async def test_a_match_that_is_late_is_told_by_letter_and_can_be_apologised_for(world, partner, staff):
    id_ = await partner.asks()
    confirmed = await staff.does(id_, "confirm")
    refused = await staff.act(id_, "apologise", new_due_at=in_hours(world, 1), message="Sorry.")
    assert (refused.status_code, "No promise was broken." in refused.json()["detail"]) == (409, True)
    due = confirmed["promises"][1]["due_at"]
    world.clock.advance(days=14, seconds=1)
    assert "apologise" in (await staff.sees(id_))["allowed_actions"], "noted or not"
    await world.drain()
    [to_them], [to_us] = texts(world, "We are late with"), texts(world, "Overdue")
    assert "We promised to find a learning site or provider for Springfield Police Department by" in to_them
    assert "The time to find a match for it has passed" in to_us
    shown = await apologises(world, staff, id_)
    assert [p["new_due_at"] for p in shown["promises"]] == [None, shown["promises"][1]["new_due_at"]]
    assert shown["promises"][1]["due_at"] == due
    await world.drain()
    [apology] = texts(world, "A new time")
    assert "By that time we tell you which learning site or provider suits you best" in apology
    assert "confirms your request" not in apology
    await staff.does(id_, "ask")  # whatever else is done meanwhile: the new time is watched
    await partner.does(id_, "answer")
    world.clock.advance(hours=6)
    await world.drain()
    assert await missed(world, id_) == [("match", shown["promises"][1]["new_due_at"])]
    assert sorted(await tasks(staff)) == ["apologise", "find_match"]
    shown = await staff.does(id_, "match")
    assert shown["clock"]["new_due_at"] is None
    assert "apologise" in shown["allowed_actions"]
    shown = await apologises(world, staff, id_)
    assert "apologise" not in shown["allowed_actions"]
    assert await tasks(staff) == []


async def test_an_apology_after_a_late_confirmation_says_so_and_there_is_one(world, partner, staff):
    id_ = await partner.asks()
    world.clock.advance(hours=40)
    shown = await staff.does(id_, "confirm")
    assert "apologise" in shown["allowed_actions"]
    shown = await apologises(world, staff, id_)
    await world.drain()
    [apology] = texts(world, "We are sorry")
    assert "We did so only on" in apology
    assert "a person confirms your request" not in apology
    assert "apologise" not in shown["allowed_actions"]
    again = await staff.act(id_, "apologise", new_due_at=in_hours(world, 1), message="Sorry.")
    assert again.status_code == 409
    assert "apologise" not in again.json()["allowed_actions"]
    assert "No promise was broken" not in again.json()["detail"]


@pytest.mark.parametrize(("action", "by"), [("confirm", "staff"), ("withdraw", "partner")])
async def test_the_desk_is_not_urged_to_do_what_was_done(world, partner, staff, action, by):
    """The letters that were owed while the mail room was away."""
    id_ = await partner.asks()
    world.clock.advance(hours=37)
    await tell_steps(world.database, world.clock())
    await {"staff": staff, "partner": partner}[by].does(id_, action)
    await world.drain()
    assert texts(world, "of the time is gone") == texts(world, "Overdue") == []
    [late] = texts(world, "We are late")
    assert "keeps its place" not in late
    assert {"confirm": "It has been done since then", "withdraw": "has ended since then"}[action] in late
    async with world.database.read() as session:
        urging = select(Notice.status).where(Notice.kind == "tta.escalation")
        assert set(await session.scalars(urging)) == {NoticeStatus.SUPERSEDED}
    assert (await staff.get("/v1/me/silences", params={"kind": "notice"})).json()["items"] == []


async def test_times_that_were_named_before_they_were_watched_are_watched(database_url):
    async with running(database_url) as world:
        staff = await a_member_of_staff(world)
        id_ = await (await a_partner(world)).asks()
        world.clock.advance(hours=37)
        await world.drain()
        named = (await apologises(world, staff, id_))["clock"]["new_due_at"]
    await anyio_thread(lambda: migrate(database_url, "0014", down=True))
    await anyio_thread(migrate, database_url)
    async with running(database_url, world.clock) as again:
        await again.drain()
        assert await missed(again, id_) == []
        again.clock.advance(days=7)
        await again.drain()
        assert await missed(again, id_) == [("confirmation", named)]


async def test_a_sandbox_rehearses_a_missed_new_time(world):
    key = (await world.client.post("/v1/sandboxes")).json()["key"]
    box = Person(world.client, key)
    id_ = await box.asks()
    await box.post("/v1/sandboxes/current/clock", {"advance": "PT37H"})
    order = {"request": id_, "action": "apologise", "new_due_at": in_hours(world, 40), "message": "We were ill."}
    assert (await box.post("/v1/sandboxes/current/desk", order)).status_code == 200
    happened = (await box.post("/v1/sandboxes/current/clock", {"advance": "PT10H"})).json()["happened"]
    assert "tta.new_time_missed" in [event["type"] for event in happened]
