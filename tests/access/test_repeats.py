"""A change that is asked for again is not made again, whoever lost the answer."""

import asyncio

import pytest

from tests.tta.make import Person, a_member_of_staff, a_partner

KEY = "once"
WORDS = {"words": "The chief has signed."}


async def messages(who, id_):
    return [entry["words"]["words"] for entry in await who.timeline(id_) if entry["type"] == "tta.messaged"]


def repeated(answer):
    return answer.headers.get("Idempotent-Replayed") == "true"


@pytest.fixture
async def partner(world):
    return await a_partner(world)


@pytest.fixture
async def staff(world):
    return await a_member_of_staff(world)


async def test_a_message_sent_again_is_one_message(partner):
    id_ = await partner.asks()
    path = f"/v1/tta-requests/{id_}/messages"
    first = await partner.post(path, WORDS, **{"Idempotency-Key": KEY})
    again = await partner.post(path, WORDS, **{"Idempotency-Key": KEY})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (repeated(first), repeated(again)) == (False, True)
    assert await messages(partner, id_) == [WORDS["words"]]
    # Without a key, or with another, it is another message.
    await partner.post(path, WORDS)
    await partner.post(path, WORDS, **{"Idempotency-Key": "twice"})
    assert len(await messages(partner, id_)) == 3


async def test_many_at_once_are_one_message(partner):
    id_ = await partner.asks()
    path = f"/v1/tta-requests/{id_}/messages"
    answers = await asyncio.gather(*(partner.post(path, WORDS, **{"Idempotency-Key": KEY}) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sorted(map(repeated, answers)) == [False] + [True] * 9
    assert await messages(partner, id_) == [WORDS["words"]]


async def test_another_body_or_another_request_is_told_apart(partner):
    one, two = await partner.asks(), await partner.asks()
    headers = {"Idempotency-Key": KEY}
    assert (await partner.post(f"/v1/tta-requests/{one}/messages", WORDS, **headers)).status_code == 201
    other = await partner.post(f"/v1/tta-requests/{one}/messages", {"words": "No."}, **headers)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    there = await partner.post(f"/v1/tta-requests/{two}/messages", WORDS, **headers)
    assert (there.status_code, repeated(there)) == (201, False)
    assert (await messages(partner, one), await messages(partner, two)) == ([WORDS["words"]], [WORDS["words"]])


async def test_anothers_key_of_the_same_name_is_another_key(partner, staff):
    id_ = await partner.asks()
    path = f"/v1/tta-requests/{id_}/messages"
    for who in (partner, staff):
        answer = await who.post(path, WORDS, **{"Idempotency-Key": KEY})
        assert (answer.status_code, repeated(answer)) == (201, False)
    assert len(await messages(staff, id_)) == 2


async def test_a_move_made_again_is_no_refusal(partner, staff):
    """Without a key the second one is 409: whoever lost the first answer would not know that it was made."""
    id_ = await partner.asks()
    path, body = f"/v1/tta-requests/{id_}/actions", {"action": "withdraw", "reason": "no_longer_needed"}
    first = await partner.post(path, body, **{"Idempotency-Key": KEY})
    assert first.status_code == 200, first.text
    assert (await partner.post(path, body)).status_code == 409
    again = await partner.post(path, body, **{"Idempotency-Key": KEY})
    assert (again.status_code, again.json()["status"], repeated(again)) == (200, "withdrawn", True)
    assert [entry["type"] for entry in await staff.timeline(id_)].count("tta.withdrawn") == 1


async def test_a_refused_move_leaves_its_key_free(partner, staff):
    id_ = await partner.asks()
    path, body = f"/v1/tta-requests/{id_}/actions", {"action": "answer", "answer": "Twelve."}
    assert (await partner.post(path, body, **{"Idempotency-Key": KEY})).status_code == 409
    await staff.does(id_, "confirm")
    await staff.does(id_, "ask")
    made = await partner.post(path, body, **{"Idempotency-Key": KEY})
    assert (made.status_code, repeated(made)) == (200, False)


async def test_whoever_holds_the_token_is_the_same_from_anywhere(world):
    made = (await Person(world.client).ask()).json()
    person, path = Person(world.client, token=made["status_token"]), f"/v1/tta-requests/{made['id']}/messages"
    for address, expected in (("203.0.113.1", False), ("203.0.113.2", True)):
        sent = {"Idempotency-Key": KEY, "X-Forwarded-For": address}
        answer = await person.post(path, WORDS, **sent)
        assert (answer.status_code, repeated(answer)) == (201, expected)
    wrong = await Person(world.client, token="tts_" + "0" * 64).post(path, WORDS, **{"Idempotency-Key": KEY})
    assert wrong.status_code == 404
    assert len(await messages(person, made["id"])) == 1


async def test_an_endpoint_made_again_is_one_endpoint_and_shows_its_secret(partner):
    body = {"url": "https://example.com/hooks", "event_types": ["tta.confirmed"]}
    first, again = [await partner.post("/v1/webhook-endpoints", body, **{"Idempotency-Key": KEY}) for _ in range(2)]
    assert (first.status_code, again.status_code, repeated(again)) == (201, 201, True)
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert (await partner.get("/v1/webhook-endpoints")).json()["total"] == 1
    stranger = await partner.client.post("/v1/webhook-endpoints", json=body, headers={"Idempotency-Key": KEY})
    assert stranger.status_code == 401


async def test_a_submission_moved_again(partner):
    submission = {
        "kind": "question", "name": "Jo Doe", "email": "jo.doe@springfield.gov", "subject": "Visits",
        "message": "May we come in spring?",
    }  # fmt: skip
    made = (await partner.post("/v1/contact-submissions", submission)).json()
    path = f"/v1/contact-submissions/{made['id']}/actions"
    first, again = [await partner.post(path, {"action": "withdraw"}, **{"Idempotency-Key": KEY}) for _ in range(2)]
    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert (again.json(), repeated(again)) == (first.json(), True)


async def test_a_key_that_is_none_is_refused(partner):
    id_ = await partner.asks()
    answer = await partner.post(f"/v1/tta-requests/{id_}/messages", WORDS, **{"Idempotency-Key": "two words"})
    assert answer.status_code == 422
    assert await messages(partner, id_) == []
