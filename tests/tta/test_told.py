"""What is done is told: to the requester in words, to the desk by letter, to the audit trail with what was before."""

from datetime import timedelta

from tests.access.make import a_key, an_owner
from tests.tta.make import MORE, Person, a_member_of_staff, plain, texts

PATH = "/v1/tta-requests"
SITE = "madison-police-department"


async def changes(staff: Person, id_: str, type_: str) -> dict[str, tuple]:
    """What the audit trail says of the newest fact of a type."""
    answer = await staff.get("/v1/audit", params={"subject_id": id_, "type": type_})
    return {change["field"]: (change["old"], change["new"]) for change in answer.json()["items"][0]["changes"]}


async def test_each_word_for_the_requester_is_in_a_letter(world, staff):
    asked = (await Person(world.client).ask()).json()
    id_ = asked["id"]
    for action in ("confirm", "hold", "resume", "match", "start", "deliver", "close"):
        more = {"note": f"A note on {action}."} if action in {"hold", "resume", "start", "deliver", "close"} else {}
        await staff.does(id_, action, **more)
        world.clock.advance(minutes=1)
        await world.drain()
    theirs = [plain(letter) for letter in world.letters() if letter["To"].startswith("Jo Doe")]
    for action in ("hold", "resume", "start", "deliver", "close"):
        assert sum(f"> A note on {action}." in text for text in theirs) == 1, action
    [held] = texts(world, "on hold")
    assert "It waits for funds." in held
    assert "stands still until then" in held
    lifecycle = (await world.client.get(f"{PATH}/lifecycle")).json()
    letters = {step["action"]: step["letter"] for step in lifecycle["steps"]}
    assert {letters[action] for action in ("hold", "resume", "start", "close")} == {"tta.change"}


async def test_staff_enter_an_evaluation_that_came_by_mail_and_it_says_so(world, partner, staff):
    id_ = await partner.asks()
    for action in ("confirm", "match", "start", "deliver"):
        shown = await staff.does(id_, action)
    assert "evaluate" in shown["allowed_actions"]
    shown = await staff.does(id_, "evaluate")
    assert (shown["status"], shown["allowed_actions"]) == ("closed", [])
    [entry] = [e for e in await partner.timeline(id_) if e["type"] == "tta.evaluated"]
    assert (entry["by"], entry["data"]["by"], entry["data"]["ratings"]["helped"]) == ("staff", "staff", 5)
    [told] = (await staff.get("/v1/audit", params={"subject_id": id_, "type": "tta.evaluated"})).json()["items"]
    assert told["actor"] == {"kind": "staff", "id": staff.owner_id}
    refused = await partner.act(id_, "evaluate", **MORE["evaluate"])
    assert refused.status_code == 409, "it was given already"


async def test_a_clock_is_said_to_stand_still_only_where_it_does(world, partner, staff):
    id_ = await partner.asks()
    for who, action in ((staff, "confirm"), (staff, "ask"), (partner, "answer"), (staff, "match"), (staff, "ask")):
        await who.does(id_, action)
    await partner.does(id_, "answer")
    # All of it is written when the last has happened: each letter tells of its own moment.
    await world.drain()
    still = ["stands still while we wait" in text for text in texts(world, "A question")]
    runs = ["clock of its match runs again" in text for text in texts(world, "was answered")]
    assert (still, runs) == ([True, False], [True, False])


async def test_a_letter_that_is_written_late_tells_what_was_decided_then(world, partner, staff):
    id_ = await partner.asks()
    await staff.does(id_, "confirm")
    await staff.does(id_, "match")
    await staff.does(id_, "schedule", site="houston-police-department")
    await staff.does(id_, "match", sites=[SITE])
    await staff.does(id_, "schedule", starts_at="2027-05-03T14:00:00Z", ends_at=None, site=SITE)
    await world.drain()
    first, second = texts(world, "We found a match")
    assert ("Houston Police" in first, "Madison" in first) == (True, False)
    assert ("Houston Police" in second, "Madison" in second) == (False, True)
    first, second = texts(world, "A date")
    assert ("March 16" in first, "Houston" in first) == (True, True)
    assert ("May 3" in second, "March" in second, "Madison" in second) == (True, False, True)


async def test_what_no_longer_holds_is_not_shown(world, partner, staff):
    id_ = await partner.asks()
    for action in ("confirm", "match", "schedule"):
        await staff.does(id_, action)
    assert (await staff.does(id_, "hold"))["reason"] == "waiting_for_funds"
    shown = await staff.does(id_, "resume")
    assert (shown["status"], shown["reason"]) == ("scheduled", None)
    assert shown["scheduled"] is not None
    assert (await staff.does(id_, "match", sites=[SITE]))["scheduled"] is None
    assert await changes(staff, id_, "tta.matched") == {
        "status": ("scheduled", "matched"), "sites": (["houston-police-department"], [SITE]),
        "starts_at": ("2027-03-16T14:00:00Z", None), "ends_at": ("2027-03-17T20:00:00Z", None),
    }  # fmt: skip
    await staff.does(id_, "schedule")
    await staff.does(id_, "schedule", starts_at="2027-03-17T14:00:00Z", reason="time_moved")
    assert await changes(staff, id_, "tta.scheduled") == {
        "starts_at": ("2027-03-16T14:00:00Z", "2027-03-17T14:00:00Z")
    }  # fmt: skip


async def test_a_pause_opens_no_end_that_was_not_open_before(world, partner, staff):
    id_ = await partner.asks()
    for action in ("confirm", "match", "start"):
        await staff.does(id_, action)
    shown = await staff.does(id_, "hold")
    assert not {"decline", "refer"} & set(shown["allowed_actions"])
    for action in ("decline", "refer"):
        refused = await staff.act(id_, action, **MORE[action])
        assert refused.status_code == 409
        assert action not in refused.json()["allowed_actions"]
    assert (await partner.does(id_, "withdraw"))["status"] == "withdrawn"
    other = await partner.asks()
    for action in ("confirm", "hold", "decline"):
        shown = await staff.does(other, action)
    assert shown["status"] == "declined"


async def test_a_claim_ends_with_the_request_and_an_assignment_stays_on_record(world, partner, staff):
    claimed, assigned = await partner.asks(), await partner.asks()
    await staff.does(claimed, "claim")
    first = (await staff.sees(claimed))["in_hand"]["leased_until"]
    world.clock.advance(minutes=10)
    await staff.does(claimed, "claim")
    later = (await staff.sees(claimed))["in_hand"]["leased_until"]
    assert await changes(staff, claimed, "tta.claimed") == {"leased_until": (first, later)}
    await staff.does(assigned, "assign")
    assert (await staff.does(claimed, "decline"))["in_hand"] is None
    assert (await staff.does(assigned, "decline"))["in_hand"]["assignee_id"] == staff.owner_id
    released = [e for e in await staff.timeline(claimed) if e["type"] == "tta.released"]
    assert [entry["reason"] for entry in released] == ["request_ended"]


async def test_the_desk_hears_of_what_arrives_what_is_withdrawn_and_whom_to_reach(world, partner, staff):
    id_, silent = await partner.asks(), await partner.asks()
    await world.drain()
    assert len(texts(world, "A request arrived")) == 2
    await partner.does(id_, "withdraw", note="We have help.")
    by_us = await partner.asks()
    await staff.does(by_us, "withdraw")
    await staff.does(silent, "confirm")
    for _ in range(3):
        world.clock.advance(hours=25)
        await world.drain()
    [withdrawn] = [letter for letter in world.letters() if "was withdrawn" in letter["Subject"]]
    assert "We have help." not in plain(withdrawn), "words stay where they may be read"
    assert withdrawn["To"].startswith("desk@")
    [unreached] = texts(world, "Nobody has heard")
    assert (await staff.sees(silent))["reference"] in unreached


async def test_who_may_act_but_not_read_gets_nothing_personal_by_acting(world, partner):
    """The answer to an action shows no more than the key could read."""
    id_ = await partner.asks(description="canary-what-we-wrote")
    hands = await a_member_of_staff(world, "Hands", scopes=["tta:act"])
    assert (await hands.get(f"{PATH}/{id_}")).status_code == 403
    answer = await hands.act(id_, "claim")
    assert answer.status_code == 200
    for word in ("Jo Doe", "jo.doe", "canary-what-we-wrote", "410-555-0100"):
        assert word not in answer.text
    assert answer.json()["in_hand"]["assignee_id"] == hands.owner_id
    reader = await a_member_of_staff(world, "Both", scopes=["tta:act", "tta:read"])
    assert "Jo Doe" in (await reader.act(id_, "assign")).text
    owner = await an_owner(world)
    sender = Person(world.client, await a_key(world, owner=owner, scopes=["tta:submit"]))
    theirs = await sender.asks()
    assert (await sender.get(f"{PATH}/{theirs}")).status_code == 403
    answer = await sender.act(theirs, "withdraw")
    assert (answer.status_code, "Jo Doe" in answer.text) == (200, False)
    assert "Jo Doe" in (await partner.act(id_, "withdraw")).text
    someone = (await Person(world.client).ask()).json()
    asked = Person(world.client, token=someone["status_token"])
    assert "Jo Doe" in (await asked.act(someone["id"], "withdraw")).text


async def test_a_time_far_ahead_is_no_reason_to_forget_one(world, partner, staff):
    """A new time is watched whatever else is done to the request meanwhile."""
    id_ = await partner.asks()
    world.clock.advance(hours=37)
    await world.drain()
    await staff.does(id_, "apologise", new_due_at=(world.clock() + timedelta(days=40)).isoformat())
    await staff.does(id_, "claim")
    await staff.post(f"{PATH}/{id_}/messages", {"words": "We are on it."})
    world.clock.advance(days=41)
    await world.drain()
    assert "tta.new_time_missed" in [entry["type"] for entry in await partner.timeline(id_)]
