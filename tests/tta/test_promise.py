"""The promise: signed, escalated, broken once, apologised for, and told in public."""

import asyncio
import json
from datetime import datetime

import jwt
import pytest
from sqlalchemy import select

from app.core.bodies import digest_of
from app.core.notices import Notice
from app.core.seal import Seal
from app.core.signing import Signer, SigningKey
from app.core.work import Event
from app.tta.models import Escalation
from app.tta.sweep import tell_steps
from tests.make import running
from tests.tta.make import Person, a_form, a_member_of_staff, a_partner

PATH = "/v1/tta-requests"


async def verify(client, statement: str) -> tuple[dict, dict]:
    """Check a statement as a stranger would: with the published keys and a JOSE library."""
    header = jwt.get_unverified_header(statement)
    keys = (await client.get("/.well-known/jwks.json")).json()["keys"]
    key = next(jwt.PyJWK(key) for key in keys if key["kid"] == header["kid"])
    return header, json.loads(jwt.PyJWS().decode(statement, key.key, algorithms=["EdDSA"]))


async def test_the_receipt_can_be_checked_by_anybody(world):
    partner = await a_partner(world)
    body = a_form(heard_from="Café “Zürich” \U0001f600 / \\")
    told = (await partner.post(PATH, body, **{"Idempotency-Key": "r"})).json()
    header, said = await verify(world.client, told["receipt"])
    assert header["typ"] == "tta-receipt+jws"
    assert said == {
        "reference": told["reference"], "request_id": told["id"], "body_sha256": digest_of(body),
        "received_at": told["received_at"], "due_at": told["clock"]["due_at"], "sandbox": False,
    }  # fmt: skip
    payload = told["receipt"].split(".")[1]
    forged = told["receipt"].replace(payload, payload[:-2] + ("AA" if payload[-2:] != "AA" else "BB"))
    with pytest.raises(jwt.InvalidTokenError):
        await verify(world.client, forged)


async def test_the_confirmation_is_signed_too(world):
    partner, staff = await a_partner(world), await a_member_of_staff(world)
    id_ = await partner.asks()
    world.clock.advance(hours=3)
    done = await staff.does(id_, "confirm")
    header, said = await verify(world.client, done["confirmation_receipt"])
    assert header["typ"] == "tta-confirmation+jws"
    assert said["reference"] == done["reference"]
    assert said["confirmed_at"] == "2026-11-23T18:30:00Z"
    assert said["body_sha256"] == done["body_sha256"]


async def test_a_rotated_key_still_verifies_what_it_signed(world):
    partner = await a_partner(world)
    old = (await partner.ask()).json()["receipt"]
    kid = await world.state.signer.rotate()
    new = (await partner.ask()).json()["receipt"]
    assert (await verify(world.client, new))[0]["kid"] == kid
    assert (await verify(world.client, old))[0]["kid"] != kid
    keys = (await world.client.get("/.well-known/jwks.json")).json()["keys"]
    assert keys[0]["kid"] == kid
    assert all(set(key) == {"kty", "crv", "x", "kid", "use", "alg"} for key in keys)


async def test_replicas_that_make_a_key_at_the_same_moment_agree(world):
    def signer(secret: str = "s" * 32) -> Signer:
        return Signer(world.database, Seal(secret), world.clock)

    replicas = [signer() for _ in range(8)]
    pens = await asyncio.gather(*(replica.pen() for replica in replicas))
    assert len({pen.kid for pen in pens}) == 1
    # Another secret opens none of them, so it makes its own; nobody's receipts are lost by it.
    stranger = await signer("t" * 32).pen()
    assert stranger.kid != pens[0].kid
    assert (await signer().pen()).kid == pens[0].kid
    async with world.database.read() as session:
        rows = list(await session.scalars(select(SigningKey)))
    assert len(rows) == 2
    assert all("PRIVATE" not in row.sealed for row in rows)


async def test_a_key_of_the_operators_own_signs(bare_url):
    pem = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----"""
    async with running(bare_url, signing_key=pem) as world:
        keys = (await world.client.get("/.well-known/jwks.json")).json()["keys"]
        # The public key and the thumbprint of RFC 8037, appendix A.
        assert keys[0]["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
        assert keys[0]["kid"] == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        with pytest.raises(ValueError, match="APP_SIGNING_KEY"):
            await world.state.signer.rotate()
        async with world.database.read() as session:
            assert (await session.scalar(select(SigningKey.sealed))) is None


async def facts(world, id_: str, *types: str) -> list[Event]:
    wanted = select(Event).where(Event.subject_id == id_, Event.type.in_(types)).order_by(Event.at, Event.id)
    async with world.database.read() as session:
        return list(await session.scalars(wanted))


async def letters(world, id_: str) -> list[str]:
    async with world.database.read() as session:
        found = await session.scalars(select(Notice).order_by(Notice.queued_at, Notice.id))
        return [f"{one.kind}{one.data.get('step', '')}" for one in found if str(one.subject_id) == id_]


async def test_staff_are_told_at_50_75_90_and_100_percent_once_each(world):
    partner = await a_partner(world)
    id_ = await partner.asks()
    told = []
    for _ in range(8):
        world.clock.advance(hours=5)
        await world.drain()
        told.append([event.data["step"] for event in await facts(world, id_, "tta.escalated")])
    # 5, 10, 15 hours: nothing. Then 50 % at 18 h, 75 % at 27 h, 90 % at 32.4 h, 100 % at 36 h.
    assert told == [[], [], [], [50], [50], [50, 75], [50, 75, 90], [50, 75, 90, 100]]


async def test_a_worker_that_slept_for_two_days_tells_everything_in_order_and_once(world):
    partner, staff = await a_partner(world), await a_member_of_staff(world)
    ids = [await partner.asks() for _ in range(3)]
    met = await partner.asks()
    await staff.does(met, "confirm")
    world.clock.advance(days=2)
    await asyncio.gather(*(tell_steps(world.database, world.clock()) for _ in range(4)))
    await world.drain()
    for id_ in ids:
        found = await facts(world, id_, "tta.escalated", "tta.promise_breached", "tta.task_opened")
        assert [event.data.get("step", event.type) for event in found] == [
            50, 75, 90, 100, "tta.promise_breached", "tta.task_opened",
        ]  # fmt: skip
        assert [event.data["fell_due_at"] for event in found[:4]] == [
            "2026-11-24T09:30:00Z", "2026-11-24T18:30:00Z", "2026-11-24T23:54:00Z", "2026-11-25T03:30:00Z",
        ]  # fmt: skip
        assert await letters(world, id_) == [
            "tta.receipt", "tta.arrived", "tta.escalation50", "tta.escalation75", "tta.escalation90",
            "tta.escalation100", "tta.breach",
        ]  # fmt: skip
        positions = [event.position for event in await facts(world, id_, "tta.submitted", "tta.escalated")]
        assert positions == sorted(positions)
    assert await facts(world, met, "tta.escalated") == []
    async with world.database.read() as session:
        assert len(list(await session.scalars(select(Escalation)))) == 12


async def test_the_requester_sees_the_breach_at_once_and_it_is_recorded_once(world):
    partner, staff = await a_partner(world), await a_member_of_staff(world)
    id_ = await partner.asks()
    world.clock.advance(hours=36)
    assert (await partner.sees(id_))["clock"]["state"] == "running"
    world.clock.advance(seconds=1)
    seen = (await partner.sees(id_))["clock"]
    assert (seen["state"], seen["remaining_seconds"]) == ("breached", -1)
    world.clock.advance(hours=1)
    # Confirmed before any worker has noted the breach: it is noted first.
    done = await staff.does(id_, "confirm")
    assert done["clock"]["state"] == "breached"
    assert done["clock"]["breached_at"] == "2026-11-25T03:30:00Z"
    assert done["clock"]["met_at"] == "2026-11-25T04:30:01Z"
    world.clock.advance(days=1)
    await world.drain()
    breaches = await facts(world, id_, "tta.promise_breached")
    assert [(event.data["promise"], event.owner_id) for event in breaches] == [("confirmation", breaches[0].owner_id)]
    assert str(breaches[0].owner_id) == partner.owner_id
    order = [entry["type"] for entry in await staff.timeline(id_) if entry["type"] != "notice"]
    assert order.index("tta.promise_breached") < order.index("tta.confirmed")
    told = [entry["type"] for entry in await partner.timeline(id_)]
    assert "tta.promise_breached" in told
    assert "tta.escalated" not in told


async def test_an_apology_with_a_new_time_does_the_task(world):
    partner, staff = await a_partner(world), await a_member_of_staff(world)
    id_ = await partner.asks()
    answer = await staff.act(id_, "apologise", new_due_at="2026-11-30T00:00:00Z", message="Sorry.")
    assert answer.status_code == 409
    world.clock.advance(hours=37)
    await world.drain()
    tasks = (await staff.get("/v1/tta-tasks")).json()
    assert [(task["kind"], task["request"]) for task in tasks["items"]] == [("apologise", f"{PATH}/{id_}")]
    assert "apologise" in (await staff.sees(id_))["allowed_actions"]
    late = await staff.act(id_, "apologise", new_due_at="2026-11-24T00:00:00Z", message="Sorry.")
    assert late.json()["errors"][0]["pointer"] == "/new_due_at"
    await staff.does(id_, "apologise", new_due_at="2026-11-26T00:00:00Z")
    assert (await staff.get("/v1/tta-tasks")).json()["items"] == []
    assert (await staff.get("/v1/tta-tasks?done=true")).json()["total"] == 1
    shown = await partner.sees(id_)
    assert shown["clock"]["new_due_at"] == "2026-11-26T00:00:00Z"
    assert shown["clock"]["due_at"] == "2026-11-25T03:30:00Z"
    told = [entry for entry in await partner.timeline(id_) if entry["type"] == "tta.apologised"]
    assert told[0]["words"] == {"message": "We were ill."}
    assert "tta.apology" in await letters(world, id_)
    assert (await partner.get("/v1/tta-tasks")).status_code == 403


async def test_a_match_that_is_not_found_in_time_is_told_too(world):
    partner, staff = await a_partner(world), await a_member_of_staff(world)
    id_, asked = await partner.asks(), await partner.asks()
    await staff.does(id_, "confirm")
    await staff.does(asked, "confirm")
    await staff.does(asked, "ask")
    world.clock.advance(days=15)
    await world.drain()
    breaches = await facts(world, id_, "tta.promise_breached")
    assert [event.data["promise"] for event in breaches] == ["match"]
    assert await facts(world, asked, "tta.promise_breached") == []
    assert [t["kind"] for t in (await staff.get("/v1/tta-tasks")).json()["items"]] == ["find_match"]
    done = await staff.does(id_, "match")
    assert done["promises"][1]["state"] == "breached"
    assert done["clock"]["state"] == "met"
    assert (await staff.get("/v1/tta-tasks")).json()["items"] == []


async def test_an_ended_request_is_no_longer_escalated(world):
    partner, staff = await a_partner(world), await a_member_of_staff(world)
    withdrawn, declined = await partner.asks(), await partner.asks()
    assert (await partner.does(withdrawn, "withdraw"))["clock"]["state"] == "cancelled"
    assert (await staff.does(declined, "decline"))["clock"]["state"] == "cancelled"
    world.clock.advance(days=3)
    assert (await partner.sees(withdrawn))["clock"]["state"] == "cancelled"
    await world.drain()
    assert await facts(world, withdrawn, "tta.escalated", "tta.promise_breached") == []
    assert await facts(world, declined, "tta.escalated", "tta.promise_breached") == []


async def recomputed(world) -> dict:
    """The public figures, computed again from the events."""
    async with world.database.read() as session:
        events = list(await session.scalars(select(Event).where(Event.subject_type == "tta_request")))
    lives: dict[str, dict[str, datetime]] = {}
    for event in sorted(events, key=lambda event: (event.at, event.id.int)):
        if event.type != "tta.promise_breached" or event.data["promise"] == "confirmation":
            lives.setdefault(event.subject_id, {}).setdefault(event.type, event.at)
    kept = [one for one in lives.values() if "tta.confirmed" in one and "tta.promise_breached" not in one]
    broken = [one for one in lives.values() if "tta.promise_breached" in one]
    times = sorted(
        (one["tta.confirmed"] - one["tta.submitted"]).total_seconds() if "tta.confirmed" in one else float("inf")
        for one in [*kept, *broken]
    )
    n = len(times)
    at = [times[-(-n * percent // 100) - 1] for percent in (50, 90)] if n else [0, 0]
    return {"n": n, "kept": len(kept), "p50_seconds": at[0], "p90_seconds": None if at[1] == float("inf") else at[1]}


async def test_the_public_figures_follow_from_the_events(world):
    partner, staff = await a_partner(world), await a_member_of_staff(world)
    ids = [await partner.asks() for _ in range(14)]
    await partner.does(ids[13], "withdraw")
    for n, id_ in enumerate(ids[:9]):
        world.clock.advance(hours=1)
        await staff.does(id_, "confirm")
        assert (await level(world))["n"] == n + 1
    told = await level(world)
    assert told["share_kept"] is told["p50_seconds"] is told["open"] is None
    assert "10" in told["suppressed"]
    world.clock.advance(hours=30)
    await staff.does(ids[9], "confirm")
    await world.drain()
    told = await level(world)
    again = await recomputed(world)
    assert {name: told[name] for name in again} == again
    assert (told["n"], told["kept"], told["open"], told["overdue"]) == (13, 9, 0, 3)
    assert told["share_kept"] == round(9 / 13, 4)
    assert told["p50_seconds"] == 7 * 3600
    assert told["p90_seconds"] is None
    assert told["suppressed"] is None
    world.clock.advance(days=366)
    assert (await level(world))["n"] == 0


async def level(world) -> dict:
    answer = await world.client.get("/v1/service-levels/confirmation")
    assert answer.status_code == 200
    return answer.json()


async def test_a_sandboxs_requests_fall_due_by_its_own_clock_and_count_nowhere(world):
    made = await world.client.post("/v1/sandboxes", json={})
    assert made.status_code == 201, made.text
    key = made.json()["key"]
    partner = Person(world.client, key if isinstance(key, str) else key["key"])
    for n in range(12):
        await partner.asks(external_ref=f"CASE {n}")
    answer = await partner.post("/v1/sandboxes/current/clock", {"advance": "PT37H"})
    assert answer.status_code == 200, answer.text
    items = (await partner.get(PATH)).json()["items"]
    assert {item["clock"]["state"] for item in items} == {"breached"}
    told = [entry["type"] for entry in await partner.timeline(items[0]["id"])]
    assert "tta.promise_breached" in told
    assert (await level(world))["n"] == 0
    staff = await a_member_of_staff(world)
    assert (await staff.get(PATH)).json()["total"] == 0
    receipt = (await partner.sees(items[0]["id"]))["receipt"]
    assert (await verify(world.client, receipt))[1]["sandbox"] is True
