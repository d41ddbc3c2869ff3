"""Real databases for every test: a copy of a migrated template, on SQLite and on PostgreSQL.

- `reader`: the seeded toolkit over HTTP, shared by a whole run, for tests that only read public content.
- `client` (and `world`): a seeded toolkit of the test's own, with a clock that it may move.
- `bare`: a migrated database without content.

Each of them runs on both databases. Nothing is rolled back and nothing is mocked: several connections, locks and
real commits are what is tested. No worker runs by itself: `world.drain()` does what is due.
"""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.make import KINDS_OF_DATABASE, Templates, World, anyio_thread, running
from tests.postgres import PostgreSQL


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", params=KINDS_OF_DATABASE)
def kind_of_database(request) -> str:
    return request.param


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgreSQL]:
    with PostgreSQL() as server:
        yield server


@pytest.fixture(scope="session")
def templates(kind_of_database, tmp_path_factory, request) -> Templates:
    postgres = request.getfixturevalue("postgres") if kind_of_database == "postgresql" else None
    return Templates(kind_of_database, tmp_path_factory.mktemp("databases"), postgres)


@pytest.fixture(scope="session")
async def reader(templates) -> AsyncIterator[httpx.AsyncClient]:
    """The seeded toolkit, shared: for tests that only read."""
    url = await templates.create(seeded=True)
    async with running(url) as world:
        yield world.client
    await anyio_thread(templates.drop, url)


@pytest.fixture
async def database_url(templates) -> AsyncIterator[str]:
    """A seeded database of the test's own."""
    url = await templates.create(seeded=True)
    yield url
    await anyio_thread(templates.drop, url)


@pytest.fixture
async def bare_url(templates) -> AsyncIterator[str]:
    """A migrated database without content, of the test's own."""
    url = await templates.create(seeded=False)
    yield url
    await anyio_thread(templates.drop, url)


@pytest.fixture
async def world(database_url) -> AsyncIterator[World]:
    """A seeded toolkit of the test's own; `world.clock.advance(hours=36)` moves its time."""
    async with running(database_url) as made:
        yield made


@pytest.fixture
async def bare(bare_url) -> AsyncIterator[World]:
    """An application without content, of the test's own."""
    async with running(bare_url) as made:
        yield made


@pytest.fixture
def client(world) -> httpx.AsyncClient:
    """The client of a seeded toolkit of the test's own."""
    return world.client
