"""Asking: what is accepted, what is refused and how, once and only once."""

import asyncio
import json

import pytest
from sqlalchemy import func, select

from app.core.idempotency import IdempotencyRow
from app.core.notices import Notice
from app.core.work import Event
from app.tta.models import TTARequest
from app.tta.personal import Contact
from tests.tta.make import Person, a_form, a_member_of_staff, a_partner

PATH = "/v1/tta-requests"


async def counts(world) -> dict[str, int]:
    async with world.database.read() as session:
        tables = {"requests": TTARequest, "contacts": Contact, "events": Event, "notices": Notice}
        found = {}
        for name, table in tables.items():
            wanted = select(func.count()).select_from(table)
            if table is Event:
                wanted = wanted.where(Event.subject_type == "tta_request")
            found[name] = await session.scalar(wanted)
        return found


async def test_a_request_is_received_with_its_clock_running(world):
    someone = Person(world.client)
    answer = await someone.post(PATH, a_form())
    assert answer.status_code == 201
    told = answer.json()
    assert answer.headers["location"] == f"{PATH}/{told['id']}" == told["href"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert told["status"] == "submitted"
    assert told["received_at"] == "2026-11-23T15:30:00Z"
    assert told["clock"] == {
        "promise": "confirmation", "due_at": "2026-11-25T03:30:00Z", "state": "running",
        "remaining_seconds": 36 * 3600, "met_at": None, "breached_at": None, "cancelled_at": None, "paused_at": None,
        "new_due_at": None,
    }  # fmt: skip
    assert told["status_token"].startswith("tts_")
    assert await counts(world) == {"requests": 1, "contacts": 1, "events": 1, "notices": 2}
    someone.token = told["status_token"]
    shown = await someone.sees(told["id"])
    assert shown["reference"] == told["reference"]
    assert shown["receipt"] == told["receipt"]
    assert "status_token" not in shown
    assert (await someone.sees(told["reference"].lower()))["id"] == told["id"]


async def test_what_was_typed_is_normalised_before_it_is_stored(world):
    partner = await a_partner(world)
    id_ = await partner.asks(
        contact={"name": "  Jo Doe ", "email": "Jo.Doe@SPRINGFIELD.gov ", "phone": "(410) 555-0100 x12", "title": ""},
        agency={
            "name": "Springfield PD", "type": "sheriff", "state": " il", "website": "springfield.gov",
            "address": {"street": "1 Main St", "city": "Springfield", "zip": "62701 1234"},
        },
        topics=["cit-training", "cit-training"],
        kind="start",
        description="One line.\r\nAnother line, long enough to be read.",
        grant={"program": "jmhcp", "award_number": " 15pbja-22-gg-03015-ment"},
    )  # fmt: skip
    said = (await partner.sees(id_))["request"]
    assert said["contact"] == {
        "name": "Jo Doe", "title": None, "email": "Jo.Doe@springfield.gov", "phone": "+14105550100;ext=12"
    }  # fmt: skip
    assert said["agency"]["state"] == "IL"
    assert said["agency"]["website"] == "https://springfield.gov/"
    assert said["agency"]["address"]["zip"] == "62701-1234"
    assert said["topics"] == ["cit-training"]
    assert said["description"] == "One line.\nAnother line, long enough to be read."
    assert said["grant"]["award_number"] == "15PBJA-22-GG-03015-MENT"


async def test_all_mistakes_are_named_at_once_with_how_to_mend_them(world):
    body = {
        "contact": {"email": "jo at springfield", "phone": "12345"},
        "agency": {"name": "", "type": "police", "state": "XX", "address": {"zip": "1"}, "website": "javascript:x"},
        "topics": [],
        "program_types": ["no-such-type"],
        "learning_sites": ["houston-police-department", "atlantis"],
        "description": "Too short",
        "timing": {"start_on": "2027-05-01", "end_on": "2027-04-01"},
        "travel": {"needed": "yes", "travellers": 0},
        "grant": {"award_number": "ABC"},
        "fax": "410-555-0199",
        "colour": "red",
    }
    answer = await world.client.post(PATH, json=body)
    assert answer.status_code == 422
    faults = {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]}
    assert set(faults) == {
        "/contact/name", "/contact/email", "/contact/phone", "/agency/name", "/agency/type", "/agency/state",
        "/agency/address/zip", "/agency/website", "/topics", "/program_types/0", "/learning_sites/1", "/description",
        "/timing/end_on", "/travel/needed", "/travel/travellers", "/grant/award_number", "/fax", "/colour",
    }  # fmt: skip
    assert len(answer.json()["errors"]) == len(faults)
    assert all(detail.endswith((".", "$")) for detail in faults.values())
    assert "jo at springfield" not in answer.text
    assert await counts(world) == {"requests": 0, "contacts": 0, "events": 0, "notices": 0}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"topics": [], "kind": None}, "/topics"),
        ({"topics": [], "kind": ""}, "/topics"),
        ({"timing": {"start_on": "2026-11-20"}}, "/timing/start_on"),
        ({"timing": {"start_on": 1700000000}}, "/timing/start_on"),
        ({"contact": {"name": "Jo", "email": "jo@localhost"}}, "/contact/email"),
        ({"description": "x" * 10_001}, "/description"),
        ({"description": "A bell rings \u0007 somewhere in here."}, "/description"),
        ({"external_ref": "no\ttabs"}, "/external_ref"),
        ({"group_size": "12"}, "/group_size"),
        ({"topics": ["CIT"]}, "/topics/0"),
        ({"topics": "cit-training"}, "/topics"),
    ],
)
async def test_one_mistake_is_one_fault(reader, changes, pointer):
    answer = await reader.post(PATH, json=a_form(**changes))
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("content", "media", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"a": NaN}', "application/json", 400),
        (b"[" * 100_000, "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b'{"contact": ' + b"1" * 5000 + b"}", "application/json", 400),
    ],
)
async def test_what_is_no_form_is_refused(reader, content, media, status):
    answer = await reader.post(PATH, content=content, headers={"Content-Type": media})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_partner_must_send_an_idempotency_key(world):
    partner = await a_partner(world)
    answer = await partner.post(PATH, a_form())
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/idempotency-key-missing"
    answer = await partner.post(PATH, a_form(), **{"Idempotency-Key": "with blanks inside"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "Idempotency-Key"


@pytest.mark.parametrize("who", ["partner", "anonymous"])
async def test_the_same_key_and_body_give_the_first_answer_again(world, who):
    asker = await a_partner(world) if who == "partner" else Person(world.client)
    first = await asker.ask(key="once")
    world.clock.advance(hours=71, minutes=59)
    again = await asker.post(PATH, dict(reversed(a_form().items())), **{"Idempotency-Key": '"once"'})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert (await counts(world))["requests"] == 1
    other = await asker.ask(key="once", kind="visit")
    assert other.status_code == 422
    assert other.json()["type"] == "/problems/idempotency-key-reused"


async def test_a_key_belongs_to_its_caller(world):
    one, other = await a_partner(world), await a_partner(world, "Madison")
    answers = [await who.ask(key="shared") for who in (one, other, Person(world.client))]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.json()["id"] for answer in answers}) == 3


async def test_a_refused_request_leaves_its_key_free(world):
    partner = await a_partner(world)
    assert (await partner.ask(key="k", description="short")).status_code == 422
    assert (await partner.ask(key="k")).status_code == 201


async def test_keys_are_forgotten_after_their_time_and_not_before(world):
    partner = await a_partner(world)
    await partner.ask(key="k")
    world.clock.advance(hours=72)
    await world.drain()
    assert (await partner.ask(key="k")).headers["idempotent-replayed"] == "true"
    world.clock.advance(hours=1, seconds=1)
    await world.drain()
    async with world.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(IdempotencyRow)) == 0


@pytest.mark.parametrize("who", ["partner", "anonymous"])
async def test_fifty_identical_posts_at_once_make_one_request(world, who):
    asker = await a_partner(world) if who == "partner" else Person(world.client)
    answers = await asyncio.gather(*(asker.ask(key="fifty") for _ in range(50)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    kept = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in kept}) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["type"] == "/problems/still-running"
            assert answer.headers["retry-after"] == "1"
    assert await counts(world) == {"requests": 1, "contacts": 1, "events": 1, "notices": 2}
    late = await asker.ask(key="fifty")
    assert late.content == kept[0].content


async def test_many_different_posts_at_once_are_all_kept(world):
    partner = await a_partner(world)
    ids = await asyncio.gather(*(partner.asks(external_ref=f"case {n}") for n in range(120)))
    assert len(set(ids)) == 120
    assert await counts(world) == {"requests": 120, "contacts": 120, "events": 120, "notices": 240}


async def test_an_own_reference_is_used_once(world):
    partner, other = await a_partner(world), await a_partner(world, "Madison")
    first = await partner.asks(external_ref="CASE 7")
    again = await partner.ask(external_ref="CASE 7", key="other")
    assert again.status_code == 409
    assert again.json()["existing"] == f"{PATH}/{first}"
    assert (await other.ask(external_ref="CASE 7")).status_code == 201
    assert (await Person(world.client).ask(external_ref="CASE 7")).status_code == 201
    # The key of the refused one is free.
    assert (await partner.ask(external_ref="CASE 8", key="other")).status_code == 201


async def test_twenty_with_the_same_own_reference_at_once_keep_one(world):
    partner = await a_partner(world)
    answers = await asyncio.gather(*(partner.ask(external_ref="CASE 7") for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert (await counts(world))["requests"] == 1


async def test_a_partner_has_no_status_token_and_staff_who_enter_a_request_do(world):
    partner, staff = await a_partner(world), await a_member_of_staff(world)
    assert (await partner.ask()).json()["status_token"] is None
    entered = (await staff.ask()).json()
    caller = Person(world.client, token=entered["status_token"])
    assert (await caller.sees(entered["id"]))["owner_id"] is None


async def test_a_wrong_token_and_a_wrong_id_are_told_apart_by_nothing(world):
    told = (await Person(world.client).ask()).json()
    partner = await a_partner(world)
    theirs = await partner.asks()
    unknown = "01a208c4-feda-7120-8306-f3cb06d19a56"
    seen = set()
    for id_, token in (
        (told["id"], "tts_" + "0" * 64),
        (unknown, told["status_token"]),
        (theirs, told["status_token"]),
    ):
        answer = await Person(world.client, token=token).get(f"{PATH}/{id_}")
        body = answer.json()
        seen.add((answer.status_code, body["type"], body["title"], body["detail"]))
    answer = await world.client.get(f"{PATH}/{told['id']}")
    seen.add((answer.status_code, *(answer.json()[name] for name in ("type", "title", "detail"))))
    assert len(seen) == 1
    assert seen.pop()[0] == 404


async def test_the_stored_request_names_the_form_it_passed(world):
    form = (await world.client.get(f"{PATH}/form")).json()
    told = (await Person(world.client).ask()).json()
    assert told["form_version"] == form["version"] == f"1.{form['edition']}"


async def test_tokens_are_not_in_the_database(world):
    told = (await Person(world.client).ask()).json()
    async with world.database.read() as session:
        row = (await session.execute(select(TTARequest))).scalar_one()
        key = (await session.execute(select(IdempotencyRow))).scalar_one()
    assert told["status_token"] not in json.dumps(key.answer)
    assert row.token_digest not in told["status_token"]
