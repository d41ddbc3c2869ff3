"""The life of a key over HTTP: made once, used, rotated with overlap, revoked; and who may do that to whose."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.access.keyring import Keyring
from app.access.models import ApiKey
from app.access.scopes import GRANTABLE, Scope
from app.core.clock import rfc3339
from app.core.ids import new_id
from app.core.work import Event
from tests.access.make import a_key, an_owner


def with_key(key: str) -> dict[str, str]:
    return {"headers": {"Authorization": f"Bearer {key}"}}


async def who(world, key: str):
    return await world.client.get("/v1/whoami", **with_key(key))


async def my_key(world, key: str) -> str:
    return (await who(world, key)).json()["key"]["href"]


async def facts(world, prefix: str = "key.") -> list[tuple]:
    async with world.database.read() as session:
        found = await session.scalars(select(Event).order_by(Event.id))
        return [(e.type, e.actor, e.subject_id, e.owner_id) for e in found if e.type.startswith(prefix)]


async def test_staff_make_a_key_and_it_is_shown_once(bare):
    staff = await a_key(bare, "staff")
    owner = await bare.client.post(
        "/v1/owners",
        json={"kind": "partner", "name": "Houston PD", "contact_email": "it@houston.org"},
        **with_key(staff),
    )
    assert (owner.status_code, owner.headers["Location"]) == (201, owner.json()["href"])
    asked = {"owner_id": owner.json()["id"], "label": "records system", "scopes": ["tta:submit", "tta:read"]}
    made = await bare.client.post("/v1/keys", json=asked, **with_key(staff))
    told = made.json()
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    assert made.headers["Location"] == told["href"] == f"/v1/keys/{told['id']}"
    assert told["key"].startswith(told["prefix"])
    assert told["scopes"] == ["tta:read", "tta:submit"]
    shown = await bare.client.get(told["href"], **with_key(staff))
    assert shown.json() == {name: value for name, value in told.items() if name != "key"}
    mine = (await who(bare, told["key"])).json()
    assert (mine["kind"], mine["name"], mine["mode"], mine["scopes"]) == (
        "partner",
        "Houston PD",
        "real",
        told["scopes"],
    )
    actor = f"staff:{(await who(bare, staff)).json()['owner_id']}"
    assert [(fact[0], fact[1]) for fact in await facts(bare)] == [("key.created", actor)]
    async with bare.database.read() as session:
        stored = await session.scalar(select(ApiKey).where(ApiKey.prefix == told["prefix"]))
        assert told["key"] not in str(vars(stored))
        assert told["key"].removeprefix(told["prefix"]) not in str(vars(stored))


async def test_a_key_may_not_be_made_for_more_than_its_owner_may_hold(bare):
    staff, owner = await a_key(bare, "staff"), await an_owner(bare)
    asked = {
        "owner_id": str(owner.id), "scopes": ["tta:act", "audit:read"],
        "expires_at": rfc3339(bare.clock() - timedelta(days=1)),
    }  # fmt: skip
    refused = await bare.client.post("/v1/keys", json=asked, **with_key(staff))
    assert refused.status_code == 422
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/scopes", "/scopes", "/expires_at"]
    nobody = await bare.client.post("/v1/keys", json={"owner_id": str(new_id())}, **with_key(staff))
    assert [fault["pointer"] for fault in nobody.json()["errors"]] == ["/owner_id"]
    assert await facts(bare) == []


async def test_nobody_hands_out_more_than_he_has(bare):
    clerk = await a_key(bare, "staff", scopes=[Scope.KEYS_MANAGE])
    boss = await an_owner(bare, "staff", "The boss")
    refused = await bare.client.post("/v1/keys", json={"owner_id": str(boss.id)}, **with_key(clerk))
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/may-not-grant")
    strong = await my_key(bare, await a_key(bare, owner=boss))
    assert (await bare.client.post(f"{strong}/rotate", json={}, **with_key(clerk))).status_code == 403
    partner = await an_owner(bare)
    weak = await a_key(bare, owner=partner, scopes=[Scope.KEYS_MANAGE])
    full = await my_key(bare, await a_key(bare, owner=partner))
    assert (await bare.client.post(f"{full}/rotate", json={}, **with_key(weak))).status_code == 403
    assert await facts(bare) == []
    made = await bare.client.post("/v1/keys", json={"owner_id": str(partner.id)}, **with_key(clerk))
    assert made.json()["scopes"] == sorted(GRANTABLE[partner.kind])


async def test_rotation_lets_the_old_key_work_until_the_overlap_ends(bare):
    old = await a_key(bare, expires_at=bare.clock() + timedelta(days=90))
    href = await my_key(bare, old)
    bare.clock.advance(days=10)
    answer = await bare.client.post(f"{href}/rotate", json={"overlap_hours": 2}, **with_key(old))
    made = answer.json()
    assert answer.status_code == 201
    assert made["expires_at"] == rfc3339(bare.clock() + timedelta(days=80)), "when the old one was to end"
    assert made["scopes"] == (await who(bare, old)).json()["scopes"]
    assert made["owner"]["id"] == (await who(bare, old)).json()["owner_id"]
    bare.clock.advance(hours=2, seconds=-1)
    assert [(await who(bare, key)).status_code for key in (old, made["key"])] == [200, 200]
    bare.clock.advance(seconds=1)
    assert [(await who(bare, key)).status_code for key in (old, made["key"])] == [401, 200]
    told = (await bare.client.get(href, **with_key(made["key"]))).json()
    assert (told["status"], told["replaced_by"]) == ("expired", made["id"])
    again = await bare.client.post(f"{href}/rotate", json={}, **with_key(made["key"]))
    assert (again.status_code, again.json()["type"]) == (409, "/problems/key-not-active")
    assert [fact[0] for fact in await facts(bare)] == ["key.created", "key.rotated"]


async def rotated(bare, href, text, **asked):
    return await bare.client.post(f"{href}/rotate", json=asked, **with_key(text))


async def test_a_rotation_whose_answer_was_lost_can_be_repeated_and_the_key_nobody_saw_stops(bare):
    old = await a_key(bare)
    href = await my_key(bare, old)
    one = (await rotated(bare, href, old, overlap_hours=1)).json()
    two = (await rotated(bare, href, old, overlap_hours=48)).json()
    assert one["expires_at"] is two["expires_at"] is None
    assert [(await who(bare, key)).status_code for key in (old, one["key"], two["key"])] == [200, 401, 200]
    bare.clock.advance(hours=1)
    assert [(await who(bare, key)).status_code for key in (old, two["key"])] == [401, 200]
    assert [fact[0] for fact in await facts(bare)].count("key.revoked") == 1


async def test_no_rotation_by_a_partner_outlives_the_end_that_its_key_was_given(bare):
    end = bare.clock() + timedelta(days=2)
    old = await a_key(bare, expires_at=end)
    href = await my_key(bare, old)
    for _ in range(2):
        made = (await rotated(bare, href, old, overlap_hours=1)).json()
        assert made["expires_at"] == rfc3339(end)
    late = await rotated(bare, href, old, expires_at=rfc3339(end + timedelta(seconds=1)))
    assert (late.status_code, [fault["pointer"] for fault in late.json()["errors"]]) == (422, ["/expires_at"])
    early = (await rotated(bare, href, old, expires_at=rfc3339(end - timedelta(days=1)))).json()
    assert early["expires_at"] == rfc3339(end - timedelta(days=1))
    assert (await rotated(bare, href, old)).json()["expires_at"] == early["expires_at"], "and what was shortened stays"


async def test_staff_may_give_a_new_key_more_time(bare):
    staff, partner = await a_key(bare, "staff"), await a_key(bare, expires_at=bare.clock() + timedelta(days=2))
    href = await my_key(bare, partner)
    bare.clock.advance(days=1)
    for _ in range(2):
        made = (await rotated(bare, href, staff, overlap_hours=1)).json()
        assert made["expires_at"] == rfc3339(bare.clock() + timedelta(days=2)), "as long a life as the old one"
    later = rfc3339(bare.clock() + timedelta(days=900))
    assert (await rotated(bare, href, staff, expires_at=later)).json()["expires_at"] == later


async def test_of_one_line_no_more_than_two_keys_work(bare):
    first = await a_key(bare)
    href = await my_key(bare, first)
    second = (await rotated(bare, href, first, overlap_hours=720)).json()
    early = await rotated(bare, second["href"], second["key"])
    assert (early.status_code, early.json()["type"]) == (409, "/problems/rotation-unfinished")
    bare.clock.advance(hours=720)
    third = (await rotated(bare, second["href"], second["key"])).json()
    assert [(await who(bare, key)).status_code for key in (first, second["key"], third["key"])] == [401, 200, 200]


async def test_without_overlap_the_old_key_stops_at_once(bare):
    old = await a_key(bare)
    answer = await bare.client.post(f"{await my_key(bare, old)}/rotate", json={"overlap_hours": 0}, **with_key(old))
    assert answer.status_code == 201
    assert (await who(bare, old)).json()["reason"] == "expired"


async def test_a_partner_sees_and_stops_its_own_keys_only(bare):
    madison, houston = await an_owner(bare, name="Madison"), await an_owner(bare, name="Houston")
    keys = [await a_key(bare, owner=madison) for _ in range(3)]
    other = await a_key(bare, owner=houston)
    listed = (await bare.client.get("/v1/keys", **with_key(keys[0]))).json()
    assert listed["total"] == len(listed["items"]) == 3
    assert {item["owner"]["name"] for item in listed["items"]} == {"Madison"}
    assert (await bare.client.get(f"/v1/keys?owner_id={houston.id}", **with_key(keys[0]))).json()["total"] == 0
    assert (await bare.client.get("/v1/owners", **with_key(keys[0]))).json()["items"][0]["name"] == "Madison"
    assert (
        await bare.client.post("/v1/keys", json={"owner_id": str(madison.id)}, **with_key(keys[0]))
    ).status_code == 403
    stopped = await bare.client.post(f"{await my_key(bare, keys[1])}/revoke", **with_key(keys[0]))
    assert (stopped.status_code, stopped.json()["status"]) == (200, "revoked")
    assert (await bare.client.post(f"{await my_key(bare, other)}/revoke", **with_key(keys[0]))).status_code == 404
    assert [(await who(bare, key)).status_code for key in (*keys, other)] == [200, 401, 200, 200]


async def test_revoking_twice_is_revoking_once(bare):
    staff = await a_key(bare, "staff")
    href = await my_key(bare, await a_key(bare))
    first = (await bare.client.post(f"{href}/revoke", **with_key(staff))).json()
    bare.clock.advance(hours=1)
    assert (await bare.client.post(f"{href}/revoke", **with_key(staff))).json() == first
    assert [fact[0] for fact in await facts(bare)] == ["key.revoked"]


async def test_lists_walk_every_key_once_while_keys_are_made(bare):
    staff, partner = await a_key(bare, "staff"), await an_owner(bare)
    for _ in range(7):
        await a_key(bare, owner=partner)
    seen, href = [], f"/v1/keys?limit=2&owner_id={partner.id}"
    while href:
        page = (await bare.client.get(href, **with_key(staff))).json()
        seen += [item["id"] for item in page["items"]]
        href = page["links"]["next"]
        await a_key(bare, owner=partner)
    assert len(seen) == len(set(seen)) == 7
    for status, count in (("active", 12), ("expired", 0), ("revoked", 0)):
        answer = await bare.client.get(f"/v1/keys?status={status}", **with_key(staff))
        assert answer.json()["total"] == count


async def test_uses_are_noted_in_one_batch(bare):
    keys = [await a_key(bare) for _ in range(3)]
    for key in keys:
        await who(bare, key)
    assert (await bare.client.get(await my_key(bare, keys[0]), **with_key(keys[0]))).json()["last_used_at"] is None
    assert await bare.state.keyring.note_uses() == 3
    assert await bare.state.keyring.note_uses() == 0
    bare.clock.advance(minutes=5)
    shown = (await bare.client.get(await my_key(bare, keys[0]), **with_key(keys[0]))).json()
    assert shown["last_used_at"] == rfc3339(bare.clock() - timedelta(minutes=5))
    await bare.state.keyring.note_uses()
    assert (await bare.client.get(shown["href"], **with_key(keys[0]))).json()["last_used_at"] == rfc3339(bare.clock())


@pytest.mark.parametrize("kept", [0.0, 60.0])
async def test_a_key_revoked_under_fire_lets_nothing_through_after_the_answer(bare, kept, monkeypatch):
    """Fifty callers with one key, revoked in their midst: whoever starts after the answer is refused."""
    monkeypatch.setattr("app.access.keyring.KEPT_SECONDS", kept)
    key, staff = await a_key(bare), await a_key(bare, "staff")
    href = await my_key(bare, key)
    revoked = asyncio.Event()

    async def knock() -> tuple[list[int], list[int]]:
        early = []
        while not revoked.is_set() and len(early) < 5:
            early.append((await who(bare, key)).status_code)
            await asyncio.sleep(0)
        await revoked.wait()
        return early, [(await who(bare, key)).status_code for _ in range(2)]

    async def revoke() -> None:
        answer = await bare.client.post(f"{href}/revoke", **with_key(staff))
        assert answer.status_code == 200
        revoked.set()

    *knocks, _ = await asyncio.gather(*(knock() for _ in range(50)), revoke())
    assert {status for early, _ in knocks for status in early} <= {200, 401}
    assert {status for _, late in knocks for status in late} == {401}
    assert [fact[0] for fact in await facts(bare)].count("key.revoked") == 1


async def test_a_key_revoked_elsewhere_stops_when_what_is_remembered_runs_out(bare, monkeypatch):
    monkeypatch.setattr("app.access.keyring.KEPT_SECONDS", 0.2)
    key = await a_key(bare)
    assert (await who(bare, key)).status_code == 200
    other = Keyring(bare.database)
    assert (await other.holder(key, bare.clock())).kind == "partner"
    async with bare.database.write() as session:
        row = await session.scalar(select(ApiKey))
        row.revoked_at = bare.clock()
    async with asyncio.timeout(5):
        while (await who(bare, key)).status_code == 200:
            await asyncio.sleep(0.01)
    assert (await who(bare, key)).json()["reason"] == "revoked"


@pytest.mark.parametrize("instant", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "2027-01-01T00:00:00"])
async def test_instants_at_the_ends_of_the_calendar_are_refused(bare, instant):
    staff, owner = await a_key(bare, "staff"), await an_owner(bare)
    asked = {"owner_id": str(owner.id), "expires_at": instant}
    answer = await bare.client.post("/v1/keys", json=asked, **with_key(staff))
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/expires_at"]
    for name in ("since", "until"):
        answer = await bare.client.get("/v1/audit", params={name: instant}, **with_key(staff))
        assert [fault["parameter"] for fault in answer.json()["errors"]] == [name]


@pytest.mark.parametrize("hours", [-1, 721, "soon", None])
async def test_an_overlap_out_of_bounds_is_refused(bare, hours):
    key = await a_key(bare)
    answer = await bare.client.post(f"{await my_key(bare, key)}/rotate", json={"overlap_hours": hours}, **with_key(key))
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/overlap_hours"]
