"""What we lean on fails: a clear 503 or a later retry, nothing half-done, and no restart is needed afterwards.

The database goes away in the middle of posts; the disk is full; another program holds SQLite's lock. A full disk is
made by what each database itself says of one: SQLite may grow by no page more; on PostgreSQL, where no test can fill a
disk everywhere, the last insert of a request is refused with the code of a full disk.
"""

import asyncio
import itertools
import sys
from collections import Counter
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select

from app.core.idempotency import IdempotencyRow
from app.core.notices import Notice
from app.core.work import Event
from app.tta.models import RequestTopic, TTARequest
from app.tta.personal import Contact
from tests.make import Templates, anyio_thread, running
from tests.postgres import PostgreSQL
from tests.tta.make import a_partner

pytestmark = pytest.mark.timeout(300)
POSTERS = 8
LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""
FULL = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$
"""


@pytest.fixture(scope="module")
def own_postgres():
    """A server that may be killed, and keeps what it promised."""
    with PostgreSQL(durable=True, private=True) as server:
        yield server


@pytest.fixture(scope="module")
def own_templates(own_postgres, tmp_path_factory):
    return Templates("postgresql", tmp_path_factory.mktemp("own"), own_postgres)


async def kept(database):
    """The reference of every request that is kept; each is whole, and nothing is there of any other."""
    async with database.read() as session:

        async def of(column, *where):
            return Counter(str(value) for value in await session.scalars(select(column).where(*where)))

        requests = {str(row.id): row.external_ref for row in await session.scalars(select(TTARequest))}
        whole = Counter(requests.keys())
        assert await of(Contact.request_id) == whole
        assert await of(RequestTopic.request_id) == whole
        assert await of(Event.subject_id, Event.type == "tta.submitted") == whole
        assert await of(Notice.subject_id, Notice.kind == "tta.receipt") == whole
        assert await of(IdempotencyRow.location) == Counter(f"/v1/tta-requests/{id_}" for id_ in requests)
    return sorted(requests.values())


def is_unavailable(answer):
    """A problem document that says when to come back."""
    assert answer.status_code == 503, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/unavailable"
    assert int(answer.headers["Retry-After"]) > 0
    return True


async def comes_true(condition, seconds=200):
    """Wait for what other tasks bring about."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


def everybody_has_a_letter(world, posting):
    async def told():
        return len(world.letters()) >= 2 * len(posting.begun)  # a receipt, and a word to the desk

    return told


class Posting:
    """A partner that posts without a pause, and what is refused again with the same key until it is taken."""

    def __init__(self, partner):
        self.partner, self.names = partner, (f"case-{n}" for n in itertools.count())
        self.begun, self.answered, self.refused = [], {}, []

    async def one(self):
        while True:
            name = next(self.names)
            self.begun.append(name)
            while (answer := await self.partner.ask(name, external_ref=name)).status_code != 201:
                assert is_unavailable(answer)
                self.refused.append(name)
            self.answered[name] = answer.json()["id"]

    async def heard(self, what, more=POSTERS):
        """Wait until so many more were told that."""
        until = len(what) + more

        async def enough():
            return len(what) >= until

        await comes_true(enough)

    @asynccontextmanager
    async def going_on(self):
        tasks = [asyncio.create_task(self.one()) for _ in range(POSTERS)]
        yield
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(result, asyncio.CancelledError), result

    async def repeat(self):
        """Everything again, with the same keys: what was answered is answered so again, and the rest is taken."""
        for name in self.begun:
            answer = await self.partner.ask(name, external_ref=name)
            assert answer.status_code == 201, answer.text
            assert self.answered.setdefault(name, answer.json()["id"]) == answer.json()["id"]


async def test_a_database_that_is_killed_and_comes_back(own_postgres, own_templates):
    url = await own_templates.create(seeded=True)
    async with running(url, worker="inline") as world:
        posting, reads = Posting(await a_partner(world)), Counter()

        async def read_on():
            for n in itertools.count(1):
                answer = await world.client.get(f"/v1/learning-sites?limit=3&offset={n % 100}")
                reads[answer.status_code] += 1
                await asyncio.sleep(0)

        async def ready():
            return (await world.client.get("/readyz")).status_code == 200

        reading = asyncio.create_task(read_on())
        async with posting.going_on():
            await posting.heard(posting.answered)
            await comes_true(ready)
            await anyio_thread(own_postgres.stop, "kill")
            await posting.heard(posting.refused)
            assert is_unavailable(await world.client.get("/readyz"))
            assert (await world.client.get("/livez")).status_code == 200
            await anyio_thread(own_postgres.start)
            await posting.heard(posting.answered)
            await comes_true(ready)
        reading.cancel()
        assert reads.keys() == {200}
        await posting.repeat()
        assert await kept(world.database) == sorted(posting.begun)
        world.clock.advance(minutes=10)  # letters that were claimed when the database died wait until their lease ends
        await comes_true(everybody_has_a_letter(world, posting))
    own_templates.drop(url)


async def test_a_full_disk_refuses_and_keeps_nothing_by_halves(world):
    partner = await a_partner(world)
    first = await partner.ask("first", external_ref="first")
    assert first.status_code == 201
    await fill(world.database)
    names = [f"case-{n}" for n in range(12)]
    answers = await asyncio.gather(*(partner.ask(name, external_ref=name) for name in names))
    # On SQLite a page may have had room for one more; what was answered 201 is kept all the same.
    taken = {name for name, answer in zip(names, answers, strict=True) if answer.status_code == 201}
    assert all(is_unavailable(answer) for answer in answers if answer.status_code != 201)
    assert len(taken) < len(names)
    assert await kept(world.database) == sorted({"first", *taken})
    assert (await partner.ask("first", external_ref="first")).json() == first.json(), "what is kept is still told"
    assert (await world.client.get("/v1/topics?limit=7")).status_code == 200
    assert (await partner.sees(first.json()["id"]))["status"] == "submitted"
    await make_room(world.database)
    answers = await asyncio.gather(*(partner.ask(name, external_ref=name) for name in names))
    assert {answer.status_code for answer in answers} == {201}
    assert await kept(world.database) == sorted({"first", *names})
    await world.drain()
    assert len(world.letters()) == 2 * (len(names) + 1), "each a receipt, and a word to the desk"


async def fill(database):
    async with database.writer.connect() as connection:
        if database.dialect == "sqlite":
            pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
            await connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            return
        await connection.exec_driver_sql(FULL)
        await connection.exec_driver_sql(
            "CREATE TRIGGER full_disk BEFORE INSERT ON notice FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
        await connection.commit()


async def make_room(database):
    async with database.writer.connect() as connection:
        if database.dialect == "sqlite":
            await connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
            return
        await connection.exec_driver_sql("DROP TRIGGER full_disk ON notice")
        await connection.commit()


@asynccontextmanager
async def locked(file):
    """Another program has the file for itself while the block runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LOCK, file,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert await process.stdout.readline() == b"locked\n"
    yield
    process.stdin.close()
    assert await process.wait() == 0


only_sqlite = pytest.mark.parametrize("kind_of_database", ["sqlite"], scope="session")
"""PostgreSQL locks no whole file."""


@only_sqlite
async def test_a_locked_file_is_waited_for_and_then_refused(database_url):
    async with running(database_url, worker="inline") as world:
        async with world.database.writer.connect() as connection:
            await connection.exec_driver_sql("PRAGMA busy_timeout = 30")  # as the usual five seconds, but sooner over
        posting = Posting(await a_partner(world))
        async with posting.going_on():
            await posting.heard(posting.answered)
            async with locked(database_url.removeprefix("sqlite:///")):
                await posting.heard(posting.refused, 3 * POSTERS)
                before = len(posting.answered)
                assert (await world.client.get("/v1/topics?limit=9")).status_code == 200
                assert (await posting.partner.get("/v1/tta-requests")).json()["total"] >= before
                assert len(posting.answered) == before
            await posting.heard(posting.answered)
        await posting.repeat()
        assert await kept(world.database) == sorted(posting.begun)
        await comes_true(everybody_has_a_letter(world, posting))


@only_sqlite
async def test_a_lock_that_is_held_for_a_moment_delays_and_refuses_nobody(world, database_url):
    partner = await a_partner(world)
    async with locked(database_url.removeprefix("sqlite:///")):
        posted = asyncio.create_task(partner.ask("one", external_ref="one"))
        await asyncio.wait([posted], timeout=0.2)
        assert not posted.done()
    assert (await posted).status_code == 201
    assert await kept(world.database) == ["one"]
