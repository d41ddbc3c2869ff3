"""The number of SQL statements never grows with the number of rows; a public read costs none at all."""

import asyncio
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from tests.make import publish_documents, seed_documents


@contextmanager
def counted(database):
    """Every statement that the application sends while the block runs."""
    sent = []

    mine = asyncio.current_task()

    def note(_connection, _cursor, statement, *_rest):
        if asyncio.current_task() is mine:  # the process also looks for new editions now and then
            sent.append(statement)

    engines = {database.reader.sync_engine, database.writer.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/toolkit",
        "/v1/topics?include=resources,elements&limit=50",
        "/v1/learning-sites?state=TX",
        "/v1/topics/cit-training?include=resources",
        "/v1/export",
        "/v1/resolve?path=/learning",
    ],
)
async def test_a_public_read_asks_the_database_nothing(world, path):
    with counted(world.database) as sent:
        assert (await world.client.get(path)).status_code == 200
    assert sent == []


async def test_the_change_feed_costs_the_same_for_five_rows_and_for_two_hundred(world):
    costs = []
    for limit in (5, 200):
        with counted(world.database) as sent:
            assert (await world.client.get(f"/v1/changes?limit={limit}")).status_code == 200
        costs.append(len(sent))
    assert costs[0] == costs[1]


async def test_publishing_costs_the_same_for_one_item_and_for_hundreds(bare):
    costs = []
    documents = seed_documents()
    few = {key: value for key, value in documents.items() if key[0] == "source"}
    for wanted in (few, documents):
        with counted(bare.database) as sent:
            await publish_documents(bare.database, wanted)
        costs.append(len([s for s in sent if not s.startswith(("BEGIN", "SAVEPOINT"))]))
    # asyncpg and sqlite3 send an executemany as one statement; nothing else may differ.
    assert costs[0] == costs[1]
