"""Isolation, on every route there is: no world sees, names or touches anything of another.

Three worlds are filled alike: the real one and two sandboxes. Then everybody calls every operation of the document,
with the ids of the others' things in every place that takes an id. What names something of another world must be in no
answer, and afterwards every row of every world that was only called from outside stands as it was.
"""

import re
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import false, not_, select

from app.sandbox.service import _belongs
from app.tables import metadata
from tests.access.make import a_key, an_owner
from tests.sandbox.make import Sandbox, a_sandbox
from tests.tta.make import MORE, Person, a_form, a_member_of_staff

THINGS = {
    "name": "tta_request", "endpoint_id": "webhook_endpoint", "delivery_id": "webhook_delivery", "key_id": "api_key",
    "owner_id": "owner", "submission_id": "contact_submission", "attachment_id": "contact_attachment",
    "event_id": "event", "endpoint": "webhook_endpoint", "event": "event", "assignee": "owner", "owner": "owner",
    "before": "webhook_delivery", "subject_id": "tta_request",
}  # fmt: skip
"""Which table's ids a parameter takes."""
NOBODYS = {"slug": "no-such-slug", "number": "1", "kind": "topic"}
ENDLESS = {"streamEvents"}
"""It reads what `listEvents` reads, by the same statement."""
ENDS = {"deleteSandbox"}
REFUSALS = {400, 401, 403, 404, 405, 406, 409, 415, 422}
SHARED = {"signing_key", "counter", "worker_beat", "beat", "alembic_version", "edition", "revision", "published"}
CONTACT = {
    "kind": "question", "name": "Jo Doe", "email": "jo@springfield.gov", "subject": "A question",
    "message": "How did others begin?",
}  # fmt: skip
Rows = dict[str, dict[Any, tuple]]


async def rows_of(world, world_id: UUID | None, sandboxes: list[UUID]) -> Rows:
    """Every row of a world, by table and primary key."""
    found: Rows = {}
    async with world.database.read() as session:
        for table in metadata.sorted_tables:
            if table.name in SHARED:
                continue
            if table.name == "world":
                mine = table.c.id == world_id if world_id else false()
            elif world_id is not None:
                mine = _belongs(table, world_id, frozenset())
            elif "world_id" in table.c:
                mine = table.c.world_id.is_(None)
            else:
                theirs = [_belongs(table, one, frozenset()) for one in sandboxes]
                mine = None if theirs[0] is None else not_(theirs[0] | theirs[1])
            if mine is None:
                continue
            rows = (await session.execute(select(table).where(mine))).all()
            keys = [column.name for column in table.primary_key.columns]
            unsteady = {"last_used_at"}
            found[table.name] = {
                tuple(getattr(row, key) for key in keys): tuple(
                    str(value) for name, value in row._mapping.items() if name not in unsteady
                )
                for row in rows
            }
    return found


def names_in(rows: Rows) -> set[str]:
    """Everything that names a row of a world, as it would be written in an answer."""
    text = " ".join(value for table in rows.values() for row in table.values() for value in row)
    ids = set(re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", text))
    return ids | set(re.findall(r"\b(?:TTA|PMHC)-\d{4}-\w{4}-\w{4}\b|\bpmhc_\w{12}\b", text))


async def fill(client, headers: dict[str, str], mark: str, act) -> None:
    """A request, a submission, an endpoint and a delivery."""

    async def post(path: str, body: Any, **more: str) -> Any:
        answer = await client.post(path, json=body, headers={**headers, **more})
        assert answer.status_code < 300, answer.text
        return answer.json()

    request = await post("/v1/tta-requests", a_form(external_ref=f"CASE-{mark}"), **{"Idempotency-Key": mark})
    await act(request["id"])
    await post("/v1/contact-submissions", CONTACT, **{"Idempotency-Key": mark})
    endpoint = await post("/v1/webhook-endpoints", {"url": "https://partner.example/hooks"})
    await post(f"/v1/webhook-endpoints/{endpoint['id']}/test", None)


@pytest.fixture
async def worlds(world):
    """The callers and what each of them must not see."""
    partner = await an_owner(world, "partner", "The real partner")
    real = Person(world.client, await a_key(world, owner=partner), str(partner.id))
    staff = await a_member_of_staff(world)
    boxes: list[Sandbox] = [await a_sandbox(world.client) for _ in range(2)]
    await fill(world.client, real.headers, "real", lambda id_: staff.does(id_, "confirm"))
    for n, box in enumerate(boxes):
        await fill(
            world.client, box.headers, f"box-{n}", lambda id_, b=box: b.orders(id_, "confirm", **MORE["confirm"])
        )
    # Real webhooks stay where they are: nothing of this test goes out.
    await world.state.worker.drain(set(world.state.worker.work) - {"send_webhooks", "send_letters"})
    callers = {
        "anonymous": ({}, None), "partner": (real.headers, None), "staff": (staff.headers, None),
        "sandbox 0": (boxes[0].headers, UUID(boxes[0].id)), "sandbox 1": (boxes[1].headers, UUID(boxes[1].id)),
    }  # fmt: skip
    return callers, [UUID(box.id) for box in boxes]


def calls_of(operation: dict[str, Any], path: str, theirs: Rows) -> tuple[str, dict[str, str]]:
    """The address of an operation, and its query, with somebody else's ids wherever one fits."""
    filled, query = {}, {}
    for parameter in operation.get("parameters", ()):
        name = parameter["name"]
        if parameter["in"] == "path":
            assert name in THINGS or name in NOBODYS, f"say in THINGS whose ids {name} takes"
            filled[name] = _one(theirs, THINGS[name]) if name in THINGS else NOBODYS[name]
        elif parameter["in"] == "query" and parameter["schema"].get("format") == "uuid":
            assert name in THINGS, f"say in THINGS whose ids {name} takes"
            query[name] = _one(theirs, THINGS[name])
    return path.format(**filled), query


def _one(rows: Rows, table: str) -> str:
    keys = rows.get(table) or {(UUID(int=0),): ()}
    return str(next(iter(keys))[0])


def faults_of(caller: str, call: tuple[str, str, dict[str, str]], answer, names: set[str]) -> list[tuple]:
    """What an answer tells or does that it must not."""
    method, address, query = call
    found = []
    seen = {name for name in names if name in answer.text} - {*address.split("/"), *query.values()}
    if seen or answer.status_code == 500:
        found.append((caller, method, address, answer.status_code, sorted(seen)[:3]))
    names_theirs = any(part in names for part in address.split("/"))
    if names_theirs and answer.status_code not in REFUSALS:
        found.append((caller, method, address, answer.status_code, "answered"))
    return found


async def test_no_world_sees_or_touches_another_on_any_route(world, worlds):
    callers, sandboxes = worlds
    places: list[UUID | None] = [None, *sandboxes]
    held = {place: await rows_of(world, place, sandboxes) for place in places}
    for rows in held.values():
        assert len(rows["tta_request"]) == len(rows["webhook_endpoint"]) == 1
        assert len(rows["webhook_delivery"]) >= 3
    names = {place: names_in(rows) for place, rows in held.items()}
    assert all(len(found) > 15 for found in names.values())
    assert not names[None] & names[sandboxes[0]] | names[sandboxes[0]] & names[sandboxes[1]]
    paths = (await world.client.get("/openapi.json")).json()["paths"]
    operations = [
        (path, method, operation)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if operation["operationId"] not in ENDLESS | ENDS
    ]
    wrong = []
    for caller, (headers, home) in callers.items():
        for place in places:
            if place == home and caller != "anonymous":
                continue
            for path, method, operation in operations:
                address, query = calls_of(operation, path, held[place])
                body = {} if method in {"get", "delete"} else {"json": {}}
                for asked in [query, {}] if query else [{}]:
                    answer = await world.client.request(method, address, params=asked, headers=headers, **body)
                    wrong += faults_of(caller, (method, address, asked), answer, names[place])
    assert wrong == []
    for place in sandboxes:
        after = await rows_of(world, place, sandboxes)
        for table, rows in held[place].items():
            assert {key: after[table].get(key) for key in rows} == rows, table
    after = await rows_of(world, None, sandboxes)
    for table in ("tta_request", "contact_submission", "webhook_endpoint", "webhook_delivery", "tta_task", "owner"):
        assert {key: after[table].get(key) for key in held[None][table]} == held[None][table], table


async def test_the_stream_reads_by_the_statement_of_the_feed(world, worlds):
    callers, _ = worlds
    feeds = {}
    for caller, (headers, _home) in callers.items():
        if caller != "anonymous":
            page = (await world.client.get("/v1/events?limit=200", headers=headers)).json()
            feeds[caller] = {event["id"] for event in page["items"]}
            assert feeds[caller]
    assert feeds["partner"] <= feeds["staff"]
    for box in ("sandbox 0", "sandbox 1"):
        others = set().union(*(seen for caller, seen in feeds.items() if caller != box))
        assert not feeds[box] & others
