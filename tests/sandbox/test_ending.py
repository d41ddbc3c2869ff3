"""The end of a sandbox while things are under way: nothing of it stays behind, and nobody else's work fails.

Each race is held open at its worst moment: one transaction stands still until the other waits for it.
"""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app.core.notices import Recipient, notify
from app.core.work import Work
from app.sandbox.service import LOOK_FOR_FILES, throw_away
from app.tables import metadata
from app.tta.models import TTARequest
from tests.make import running
from tests.sandbox.make import a_sandbox
from tests.sandbox.test_sandbox import rows

PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
POLICY = {
    "kind": "policy", "name": "Jo Doe", "email": "jo@springfield.gov", "subject": "Our policy",
    "message": "Here it is.", "may_be_shared": True, "nothing_personal": True,
    "attachments": [{"filename": "policy.pdf", "media_type": "application/pdf"}],
}  # fmt: skip


async def blocked(database):
    """Wait until somebody waits for a lock: on SQLite writers stand in line by themselves."""
    while database.dialect == "postgresql":
        async with database.read() as session:
            waiting = await session.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND wait_event_type = 'Lock'"
                )
            )
        if waiting:
            return
        await asyncio.sleep(0.01)


@asynccontextmanager
async def while_it_is_thrown_away(world, box):
    """Within the block a transaction stands open that has thrown the sandbox away."""
    async with world.database.write() as session:
        await throw_away(session, metadata, UUID(box.id))
        yield


async def listening(world):
    """A sandbox whose endpoint is owed a webhook that has not been dispatched yet."""
    box = await a_sandbox(world.client)
    endpoint = await box.listens()
    await box.asks()
    return box, endpoint["id"]


async def test_events_of_others_are_dispatched_while_a_sandbox_ends(world):
    ending, _ = await listening(world)
    staying, endpoint = await listening(world)
    work = world.state.worker.work
    await work["number_events"](world.database, world.clock())
    async with while_it_is_thrown_away(world, ending):
        dispatching = asyncio.create_task(work["dispatch"](world.database, world.clock()))
        await blocked(world.database)
    assert await dispatching > 0
    await world.drain()
    assert {item["endpoint_id"] for item in await staying.inbox()} == {endpoint}


async def test_webhooks_of_others_are_settled_while_a_sandbox_ends(world):
    ending, _ = await listening(world)
    staying, _ = await listening(world)
    work = world.state.worker.work
    for name in ("number_events", "dispatch"):
        await work[name](world.database, world.clock())
    sender = work["keep_sandbox_webhooks"]
    claimed = await sender._claim(world.database, world.clock(), 10)
    assert len(claimed) == 2
    sender.together = 0.001  # both are settled in one transaction
    async with while_it_is_thrown_away(world, ending):
        settling = asyncio.gather(*(sender._deliver(world.database, one) for one in claimed))
        await blocked(world.database)
    await settling
    assert len(await staying.inbox()) == 1
    [delivery] = (await staying.get("/v1/deliveries"))["items"]
    assert delivery["status"] == "delivered"


async def test_what_a_task_writes_for_a_sandbox_that_ends_goes_with_it(world):
    await (await a_sandbox(world.client)).asks()  # the first request makes a key that signs receipts
    await world.drain()
    before = await rows(world)
    box = await a_sandbox(world.client)
    request = UUID((await box.asks())["id"])
    await world.drain()
    async with world.database.write() as session:
        # As every task does: lock the request, note what became of it.
        await session.scalar(select(TTARequest).where(TTARequest.id == request).with_for_update())
        work = Work(session, actor="system", now=world.clock(), world_id=UUID(box.id))
        work.record("webhook.disabled", "tta_request", request, reason="gone")
        notify(work, "tta.receipt", "tta_request", request, Recipient.REQUESTER)
        await session.flush()
        ending = asyncio.create_task(world.client.delete("/v1/sandboxes/current", headers=box.headers))
        await blocked(world.database)
    assert (await ending).status_code == 204
    assert await rows(world) == before


@pytest.fixture
async def kept(database_url, tmp_path):
    async with running(database_url, files_url=f"file:{tmp_path}/files") as world:
        yield world, tmp_path / "files"


async def with_a_file(client, **headers):
    made = (await client.post("/v1/contact-submissions", json=POLICY, headers=headers)).json()
    opened = headers or {"X-Status-Token": made["status_token"]}
    href = made["attachments"][0]["href"]
    put = await client.put(href, content=PDF, headers={**opened, "Content-Type": "application/pdf"})
    assert put.status_code == 200, put.text
    return href, opened


def count(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*") if path.is_file())


async def test_the_files_of_a_sandbox_go_after_its_rows_and_no_others(kept):
    world, folder = kept
    ending, staying = await a_sandbox(world.client), await a_sandbox(world.client)
    for headers in (ending.headers, staying.headers, {}):
        href, opened = await with_a_file(world.client, **headers)
    theirs, _ = await with_a_file(world.client, **staying.headers)
    assert count(folder) == 4
    task = world.state.worker.work["end_sandboxes"]
    assert await task(world.database, world.clock()) == 0
    await world.client.delete("/v1/sandboxes/current", headers=ending.headers)
    # A crash here leaves the files of a sandbox that is not there; the next look removes them.
    assert count(folder) == 4
    world.clock.advance(seconds=LOOK_FOR_FILES.total_seconds())
    assert await task(world.database, world.clock()) == 1
    assert count(folder) == 3
    assert (await world.client.get(href, headers=opened)).content == PDF
    assert (await world.client.get(theirs, headers=staying.headers)).content == PDF
    world.clock.advance(hours=25)
    while await task(world.database, world.clock()):
        world.clock.advance(seconds=LOOK_FOR_FILES.total_seconds())
    assert count(folder) == 1
