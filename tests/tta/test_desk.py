"""The desk over HTTP: moves, claims, queue, counts, words, and who may see what."""

import asyncio
from itertools import product

import pytest

from app.tta.states import DESK, STEPS, Action, By, Status
from tests.tta.make import MORE, Person, a_member_of_staff, a_partner

PATH = "/v1/tta-requests"
WAYS: dict[Status, list[tuple[By, str]]] = {
    Status.SUBMITTED: [],
    Status.CONFIRMED: [(By.STAFF, "confirm")],
    Status.IN_REVIEW: [(By.STAFF, "confirm"), (By.STAFF, "review")],
    Status.NEEDS_INFORMATION: [(By.STAFF, "confirm"), (By.STAFF, "ask")],
    Status.ON_HOLD: [(By.STAFF, "confirm"), (By.STAFF, "hold")],
    Status.MATCHED: [(By.STAFF, "confirm"), (By.STAFF, "match")],
    Status.SCHEDULED: [(By.STAFF, "confirm"), (By.STAFF, "match"), (By.STAFF, "schedule")],
    Status.IN_PROGRESS: [(By.STAFF, "confirm"), (By.STAFF, "match"), (By.STAFF, "start")],
    Status.DELIVERED: [(By.STAFF, "confirm"), (By.STAFF, "match"), (By.STAFF, "start"), (By.STAFF, "deliver")],
    Status.CLOSED: [
        (By.STAFF, "confirm"), (By.STAFF, "match"), (By.STAFF, "start"), (By.STAFF, "deliver"), (By.STAFF, "close"),
    ],
    Status.DECLINED: [(By.STAFF, "decline")],
    Status.REFERRED: [(By.STAFF, "refer")],
    Status.WITHDRAWN: [(By.REQUESTER, "withdraw")],
}  # fmt: skip
"""The shortest way into each status."""


class Cast:
    """A partner, a stranger, and somebody at the desk."""

    def __init__(self, partner: Person, staff: Person, other: Person) -> None:
        self.partner, self.staff, self.other = partner, staff, other

    def who(self, by: By) -> Person:
        return self.staff if by is By.STAFF else self.partner

    async def brings(self, status: Status) -> str:
        id_ = await self.partner.asks()
        for by, action in WAYS[status]:
            await self.who(by).does(id_, action)
        return id_


@pytest.fixture(scope="module")
async def cast(shared) -> Cast:
    return Cast(await a_partner(shared), await a_member_of_staff(shared), await a_partner(shared, "Madison"))


@pytest.mark.parametrize("status", Status)
async def test_in_each_status_each_action_does_what_the_table_says_and_nothing_else(cast, status):
    id_ = await cast.brings(status)
    for by in By:
        shown = await cast.who(by).sees(id_)
        assert shown["status"] == status
        moves = {a for a in shown["allowed_actions"] if a not in DESK}
        assert moves == {a for a in Action if (status, a) in STEPS and by in STEPS[status, a].by}
    for action, by in product(Action, By):
        row = STEPS.get((status, action))
        if action in DESK or (row and by in row.by):
            continue
        answer = await cast.who(by).act(id_, action, **MORE.get(action, {}))
        assert answer.status_code == 409, (status, action, by)
        told = answer.json()
        assert told["type"] == "/problems/forbidden-move"
        allowed = (await cast.who(by).sees(id_))["allowed_actions"]
        assert told["allowed_actions"] == [a for a in allowed if a not in DESK]


@pytest.mark.parametrize("status", Status)
async def test_each_move_of_the_table_is_made_with_actor_reason_and_time(cast, shared, status):
    for (before, action), row in STEPS.items():
        if before is not status:
            continue
        for by in sorted(row.by):
            id_ = await cast.brings(status)
            done = await cast.who(by).does(id_, action)
            assert done["status"] == (row.after or Status.CONFIRMED)
            entry = [e for e in await cast.staff.timeline(id_) if e["type"] == row.fact][-1]
            assert entry["by"] == by
            assert (entry["status_before"], entry["status"]) == (status, done["status"])
            assert entry["reason"]
            assert entry["at"] == shared.clock().isoformat().replace("+00:00", "Z")


async def test_a_confirmation_meets_the_promise_and_is_signed(cast):
    id_ = await cast.partner.asks()
    done = await cast.staff.does(id_, "confirm")
    assert done["clock"]["state"] == "met"
    assert [promise["promise"] for promise in done["promises"]] == ["confirmation", "match"]
    assert done["promises"][1]["state"] == "running"
    assert done["promises"][1]["remaining_seconds"] == 14 * 86400
    assert done["confirmation_receipt"].count(".") == 2
    words = [entry["words"] for entry in await cast.partner.timeline(id_) if entry["type"] == "tta.confirmed"]
    assert words == [{"helper": "Maria Lopez", "next_step": "Maria calls you on Thursday."}]


async def test_a_question_stops_the_clock_that_may_stop_and_no_other(world):
    partner, staff = await a_partner(world), await a_member_of_staff(world)
    id_ = await partner.asks()
    world.clock.advance(hours=10)
    confirmed = await staff.does(id_, "confirm")
    world.clock.advance(days=1)
    asked = await staff.does(id_, "ask")
    assert asked["promises"][1]["state"] == "paused"
    world.clock.advance(days=5)
    answered = await partner.does(id_, "answer")
    assert answered["status"] == "confirmed"
    assert answered["promises"][0] == confirmed["promises"][0]
    assert answered["promises"][1]["remaining_seconds"] == 13 * 86400
    matched = await staff.does(id_, "match")
    assert matched["promises"][1]["state"] == "met"
    site = matched["matched"]["sites"][0]
    assert site["slug"] == "houston-police-department"
    assert site["score"] == sum(term["contribution"] for term in site["terms"])
    assert all(term["reason"] for term in site["terms"])


async def test_a_match_must_name_somebody_and_a_time_must_come(cast):
    id_ = await cast.brings(Status.CONFIRMED)
    answer = await cast.staff.act(id_, "match", sites=[], next_step="Soon.")
    assert answer.json()["errors"][0]["pointer"] == "/sites"
    answer = await cast.staff.act(id_, "match", sites=["atlantis"], next_step="Soon.")
    assert answer.json()["errors"][0]["pointer"] == "/sites/0"
    done = await cast.staff.does(id_, "match", sites=[], provider="Dr. Ruiz")
    assert done["matched"]["sites"] == []
    answer = await cast.staff.act(
        id_, "schedule", starts_at="2020-01-01T00:00:00Z", ends_at="2019-01-01T00:00:00Z", mode="training"
    )
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/starts_at", "/ends_at"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/action"),
        ({"action": "explode"}, "/action"),
        ({"action": None}, "/action"),
        ([], "/action"),
        ({"action": "confirm"}, "/helper"),
        ({"action": "confirm", "helper": "M", "next_step": "N", "colour": 1}, "/colour"),
        ({"action": "decline", "reason": "boredom", "explanation": "No."}, "/reason"),
        ({"action": "claim", "minutes": 100_000}, "/minutes"),
        ({"action": "schedule", "starts_at": "2027-03-16T14:00:00", "mode": "training"}, "/starts_at"),
    ],
)
async def test_an_action_that_is_none_is_refused_with_its_pointer(cast, body, pointer):
    id_ = await cast.partner.asks()
    answer = await cast.staff.post(f"{PATH}/{id_}/actions", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert "explode" not in answer.text
    assert "boredom" not in answer.text


async def test_of_two_claims_at_once_one_wins(cast, shared):
    others = [await a_member_of_staff(shared, f"Clerk {n}") for n in range(6)]
    id_ = await cast.partner.asks()
    answers = await asyncio.gather(*(clerk.act(id_, "claim") for clerk in others))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    winner = next(clerk for clerk, answer in zip(others, answers, strict=True) if answer.status_code == 200)
    loser = next(answer.json() for answer in answers if answer.status_code == 409)
    assert loser["type"] == "/problems/claimed"
    assert loser["assignee_id"] == winner.owner_id
    assert (await winner.act(id_, "claim", minutes=120)).status_code == 200
    shown = await cast.staff.sees(id_)
    assert shown["in_hand"]["assignee_id"] == winner.owner_id
    assert "claim" not in shown["allowed_actions"]
    assert (await cast.partner.sees(id_))["in_hand"] is None


async def test_a_claim_ends_by_itself_and_says_so(world):
    partner, staff, clerk = await a_partner(world), await a_member_of_staff(world), await a_member_of_staff(world, "B")
    id_ = await partner.asks()
    await staff.does(id_, "claim", minutes=30)
    world.clock.advance(minutes=31)
    assert (await clerk.sees(id_))["in_hand"] is None
    await world.drain()
    await world.drain()
    released = [e for e in await staff.timeline(id_) if e["type"] == "tta.released"]
    assert [(e["by"], e["reason"], e["internal"]) for e in released] == [("system", "lease_expired", True)]
    assert (await clerk.act(id_, "claim")).status_code == 200
    world.clock.advance(hours=9)
    # Not noted by the worker yet, and free all the same.
    assert (await staff.act(id_, "claim")).status_code == 200


async def test_an_assignment_stands_until_it_is_released(world):
    partner, staff, clerk = await a_partner(world), await a_member_of_staff(world), await a_member_of_staff(world, "B")
    id_ = await partner.asks()
    done = await staff.does(id_, "assign", assignee=clerk.owner_id)
    assert done["in_hand"] == {"assignee_id": clerk.owner_id, "assignee": "B", "leased_until": None}
    world.clock.advance(days=3)
    await world.drain()
    assert (await staff.act(id_, "claim")).status_code == 409
    assert (await clerk.act(id_, "claim")).status_code == 409
    answer = await staff.act(id_, "assign", assignee=partner.owner_id)
    assert answer.json()["errors"][0]["pointer"] == "/assignee"
    assert (await staff.does(id_, "release"))["in_hand"] is None


async def test_the_queue_is_sorted_by_time_left_filtered_and_counted(world):
    partner, other, staff = await a_partner(world), await a_partner(world, "Madison"), await a_member_of_staff(world)
    ids = []
    for n in range(5):
        ids.append(
            await partner.asks(
                external_ref=f"CASE {n}",
                agency={"name": f"Agency {n}", "type": "sheriff", "state": "TX" if n % 2 else "IL"},
            )
        )
        world.clock.advance(hours=1)
    theirs = await other.asks(topics=["performance-data"])
    await staff.does(ids[0], "confirm")
    await staff.does(ids[1], "claim")

    async def seen(who, **query):
        answer = await who.get(PATH, params=query)
        assert answer.status_code == 200, answer.text
        assert answer.json()["total"] == len(answer.json()["items"])
        return [item["id"] for item in answer.json()["items"]]

    assert await seen(staff) == [*ids, theirs]
    assert await seen(partner) == ids
    assert await seen(other) == [theirs]
    assert await seen(staff, sort="-due_at") == [theirs, *reversed(ids)]
    assert await seen(staff, status="confirmed") == ids[:1]
    assert await seen(staff, clock="met") == ids[:1]
    assert await seen(staff, state="TX") == [ids[1], ids[3]]
    assert await seen(staff, topic="performance-data") == [theirs]
    assert await seen(staff, assignee="me") == [ids[1]]
    assert len(await seen(staff, assignee="none")) == 5
    assert await seen(staff, external_ref="CASE 2") == [ids[2]]
    assert await seen(staff, q="agency 3") == [ids[3]]
    assert await seen(staff, q="%") == []
    reference = (await staff.sees(ids[4]))["reference"]
    assert await seen(staff, q=reference[-4:]) == [ids[4]]
    assert await seen(staff, due_before="2026-11-25T05:00:00Z") == ids[:2]
    answer = await partner.get(PATH, params={"assignee": "none"})
    assert answer.json()["errors"][0]["parameter"] == "assignee"
    counted = (await staff.get(f"{PATH}/counts")).json()
    assert counted == {
        "total": 6, "by_status": {"confirmed": 1, "submitted": 5}, "by_clock": {"met": 1, "running": 5}, "open": 6,
        "unassigned": 5,
    }  # fmt: skip
    world.clock.advance(hours=40)
    assert (await other.get(f"{PATH}/counts")).json()["by_clock"] == {"breached": 1}
    assert await seen(staff, clock="breached") == [*ids[1:], theirs]


async def test_walking_the_queue_visits_each_request_once_while_others_arrive(world):
    partner = await a_partner(world)
    there = {await partner.asks() for _ in range(7)}
    seen, path = [], f"{PATH}?limit=2"
    pages = []
    while path:
        answer = await partner.get(path)
        page = answer.json()
        pages.append(page)
        seen += [item["id"] for item in page["items"]]
        path = page["links"]["next"]
        if path:
            assert f'<{path}>; rel="next"' in answer.headers["link"]
        await partner.asks()
    assert len(seen) == len(set(seen))
    assert there <= set(seen)
    back = (await partner.get(pages[1]["links"]["prev"])).json()
    assert back["items"] == pages[0]["items"]
    assert back["links"]["prev"] is None
    assert (await partner.get(back["links"]["next"])).json()["items"] == pages[1]["items"]


async def test_a_cursor_belongs_to_its_list(cast):
    for _ in range(3):
        await cast.partner.asks()
    following = (await cast.partner.get(PATH, params={"limit": 1})).json()["links"]["next"]
    assert (await cast.partner.get(following)).status_code == 200
    for wrong in (following + "&state=TX", following.replace("cursor=", "cursor=A"), f"{PATH}?cursor=AAAA"):
        answer = await cast.partner.get(wrong)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"] == "cursor"
    assert (await cast.other.get(following)).status_code == 422


async def test_words_go_between_the_two_and_notes_stay_at_the_desk(cast):
    id_ = await cast.partner.asks()
    answer = await cast.staff.post(f"{PATH}/{id_}/messages", {"words": "Hello."})
    assert answer.status_code == 201
    assert answer.json()["items"][0]["words"] == {"words": "Hello."}
    assert (await cast.partner.post(f"{PATH}/{id_}/messages", {"words": "Hi."})).status_code == 201
    assert (await cast.staff.post(f"{PATH}/{id_}/messages", {"words": "Hm.", "internal": True})).status_code == 201
    refused = await cast.partner.post(f"{PATH}/{id_}/messages", {"words": "Psst.", "internal": True})
    assert refused.status_code == 422
    told = [(e["by"], e["words"]["words"], e["internal"]) for e in await cast.staff.timeline(id_) if e["words"]]
    assert told == [("staff", "Hello.", False), ("requester", "Hi.", False), ("staff", "Hm.", True)]
    told = [(e["by"], e["words"]["words"]) for e in await cast.partner.timeline(id_) if e["words"]]
    assert told == [("staff", "Hello."), ("requester", "Hi.")]
    letters = [e["notice"]["kind"] for e in await cast.partner.timeline(id_) if e["notice"]]
    assert letters == ["tta.receipt", "tta.message"]


async def test_notes_need_their_own_scope(cast, shared):
    id_ = await cast.partner.asks()
    clerk = await a_member_of_staff(shared, "Clerk", scopes=["tta:read", "tta:act"])
    await cast.staff.post(f"{PATH}/{id_}/messages", {"words": "Between us.", "internal": True})
    refused = await clerk.post(f"{PATH}/{id_}/messages", {"words": "Hm.", "internal": True})
    assert refused.status_code == 403
    assert "Between us." not in str(await clerk.timeline(id_))
    reader = await a_member_of_staff(shared, "Reader", scopes=["tta:read"])
    assert (await reader.sees(id_))["allowed_actions"] == []
    assert (await reader.act(id_, "confirm", **MORE["confirm"])).status_code == 403


async def test_the_person_with_the_token_answers_withdraws_and_evaluates(cast, shared):
    asked = (await Person(shared.client).ask()).json()
    someone = Person(shared.client, token=asked["status_token"])
    id_ = asked["id"]
    await cast.staff.does(id_, "confirm")
    await cast.staff.does(id_, "ask")
    assert (await someone.sees(id_))["allowed_actions"] == ["answer", "withdraw"]
    await someone.does(id_, "answer")
    await cast.staff.does(id_, "match")
    await cast.staff.does(id_, "start")
    await cast.staff.does(id_, "deliver")
    await someone.does(id_, "evaluate")
    assert (await someone.sees(id_))["status"] == "closed"
    assert (await someone.act(id_, "evaluate", **MORE["evaluate"])).status_code == 409
    rated = [e["data"]["ratings"] for e in await cast.staff.timeline(id_) if e["type"] == "tta.evaluated"]
    assert rated == [{"helped": 5, "in_time": 4}]


@pytest.mark.parametrize("path", ["", "/timeline", "/actions", "/messages"])
async def test_another_partners_request_is_not_there(cast, path):
    id_ = await cast.partner.asks()
    body = {"action": "withdraw"} if path == "/actions" else {"words": "Hm."}
    for stranger in (cast.other, Person(cast.other.client)):
        address = f"{PATH}/{id_}{path}"
        answer = await (stranger.post(address, body) if path in ("/actions", "/messages") else stranger.get(address))
        assert answer.status_code == 404
    assert (await cast.partner.sees(id_))["status"] == "submitted"


async def test_the_timeline_is_walked_in_pages(cast):
    id_ = await cast.partner.asks()
    for n in range(5):
        await cast.partner.post(f"{PATH}/{id_}/messages", {"words": f"Word {n}"})
    whole = await cast.partner.timeline(id_)
    seen, path = [], f"{PATH}/{id_}/timeline?limit=2"
    while path:
        page = (await cast.partner.get(path)).json()
        seen += page["items"]
        path = page["links"]["next"]
    assert seen == whole
    assert page["total"] == len(whole)
