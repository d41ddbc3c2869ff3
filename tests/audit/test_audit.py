"""The audit trail: complete, searchable, and kept by the database itself."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import IntegrityError

from app.access.models import World as Sandbox
from app.audit.routes import changes
from app.core.clock import rfc3339
from app.core.ids import new_id
from app.core.work import Event, Work
from tests.access.make import a_key, an_owner

DATA = {
    "key.revoked": {"prefix": "pmhc_0", "status_before": "active", "status": "revoked"},
    "owner.created": {"kind": "partner"},
}


async def record(world, type_="key.revoked", *, actor="worker", world_id=None, **data) -> None:
    async with world.database.write() as session:
        work = Work(session=session, actor=actor, now=world.clock(), request_id="request-1", world_id=world_id)
        work.record(type_, "thing", "7", **{**DATA[type_], **data})


async def read(world, key, query="") -> dict:
    answer = await world.client.get(f"/v1/audit{query}", headers={"X-Api-Key": key})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_each_fact_names_who_what_when_and_the_request(bare):
    staff, owner = await a_key(bare, "staff"), await an_owner(bare)
    request = {"X-Api-Key": staff, "X-Request-Id": "a-request-of-mine"}
    made = await bare.client.post("/v1/keys", json={"owner_id": str(owner.id)}, headers=request)
    await bare.client.post(f"{made.json()['href']}/revoke", headers=request)
    me = (await bare.client.get("/v1/whoami", headers=request)).json()
    revoked, created = (await read(bare, staff))["items"]
    assert revoked["type"] == "key.revoked"
    assert revoked["at"] == rfc3339(bare.clock())
    assert revoked["actor"] == {"kind": "staff", "id": me["owner_id"]}
    assert revoked["subject"] == {"type": "key", "id": made.json()["id"]}
    assert revoked["owner_id"] == str(owner.id)
    assert revoked["request_id"] == "a-request-of-mine"
    assert revoked["changes"] == [{"field": "status", "old": "active", "new": "revoked"}]
    assert created["data"]["prefix"] == made.json()["prefix"]


async def test_the_trail_is_searched_by_each_of_its_names(bare):
    staff = await a_key(bare, "staff")
    for type_, actor in (("key.revoked", "worker"), ("key.revoked", "cli"), ("owner.created", "cli")):
        await record(bare, type_, actor=actor)
        bare.clock.advance(hours=1)
    then = rfc3339(bare.clock() - timedelta(hours=2))
    for query, count in (
        ("", 3), ("?type=key.revoked", 2), ("?actor=cli", 2), ("?type=key.revoked&actor=cli", 1), (f"?since={then}", 2),
        (f"?until={then}", 1), (f"?since={then}&until={then}", 0), ("?subject_type=thing&subject_id=7", 3),
        ("?subject_id=8", 0), ("?request_id=request-1", 3), (f"?owner_id={new_id()}", 0),
    ):  # fmt: skip
        page = await read(bare, staff, query)
        assert page["total"] == len(page["items"]) == count, query


async def test_the_walk_is_newest_first_and_visits_each_fact_once(bare):
    staff = await a_key(bare, "staff")
    for number in range(5):
        await record(bare, prefix=f"pmhc_{number}")
    seen, href = [], "/v1/audit?limit=2&type=key.revoked"
    while href:
        page = (await bare.client.get(href, headers={"X-Api-Key": staff})).json()
        seen += [int(entry["data"]["prefix"][5:]) for entry in page["items"]]
        href = page["links"]["next"]
        await record(bare, prefix="pmhc_99")
    assert seen == [4, 3, 2, 1, 0]


async def test_a_world_sees_its_own_facts(bare):
    async with bare.database.write() as session:
        sandbox = Sandbox(
            id=new_id(), created_at=bare.clock(), expires_at=bare.clock() + timedelta(days=1), offset_seconds=0
        )  # fmt: skip
        session.add(sandbox)
    inside = await a_key(bare, owner=await an_owner(bare, "staff", world_id=sandbox.id))
    outside = await a_key(bare, "staff")
    await record(bare, "key.revoked", world_id=sandbox.id)
    await record(bare, "owner.created")
    assert [entry["type"] for entry in (await read(bare, inside))["items"]] == ["key.revoked"]
    assert [entry["type"] for entry in (await read(bare, outside))["items"]] == ["owner.created"]
    async with bare.database.write() as session:
        await session.execute(delete(Event).where(Event.world_id == sandbox.id))
    assert (await read(bare, inside))["total"] == 0


@pytest.mark.parametrize(
    "change",
    [
        update(Event).values(actor="nobody"),
        update(Event).values(data={}),
        update(Event).values(at=None),
        update(Event).values(world_id=new_id()),
        delete(Event),
    ],
)
async def test_the_database_refuses_to_change_or_delete_a_fact(bare, change):
    staff = await a_key(bare, "staff")
    await record(bare)
    before = await read(bare, staff)
    with pytest.raises(IntegrityError):
        async with bare.database.write() as session:
            await session.execute(change)
    assert await read(bare, staff) == before


async def test_a_fact_is_numbered_once(bare):
    await record(bare)
    assert await bare.drain() >= 1
    with pytest.raises(IntegrityError, match="append-only"):
        async with bare.database.write() as session:
            await session.execute(update(Event).values(position=7))


async def test_the_table_of_facts_cannot_be_emptied(bare):
    await record(bare)
    emptied = "TRUNCATE event CASCADE" if bare.database.dialect == "postgresql" else "DELETE FROM event"
    with pytest.raises(IntegrityError, match="append-only"):
        async with bare.database.write() as session:
            await session.execute(text(emptied))


async def test_unknown_names_are_refused(bare):
    staff = await a_key(bare, "staff")
    for query in ("?colour=red", "?since=yesterday", "?since=2026-11-23T10:00:00", "?limit=201", "?before=7"):
        answer = await bare.client.get(f"/v1/audit{query}", headers={"X-Api-Key": staff})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"] == query[1:].partition("=")[0]


def test_what_changed_is_read_from_the_fact():
    data = {"status_before": "a", "status": "b", "clock_before": 1, "clock": 1, "gone_before": 2, "other": 3}
    assert changes(data) == [{"field": "gone", "old": 2, "new": None}, {"field": "status", "old": "a", "new": "b"}]
