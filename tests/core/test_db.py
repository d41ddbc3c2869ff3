"""The addresses that people hand to us, as PostgreSQL's own library writes them."""

import pytest

from app.core.db import Database
from tests.postgres import PostgreSQL


@pytest.fixture(scope="module")
def server():
    with PostgreSQL(private=True) as server:
        yield server


async def test_words_of_libpq_in_the_address_are_understood(server):
    url = server.url.split("?")[0] + "?sslmode=prefer&application_name=toolkit"
    database = Database(url, pool=1)
    async with database.read() as session:
        said = (await session.connection()).exec_driver_sql("SHOW application_name")
        assert (await said).scalar_one() == "toolkit"
    await database.close()


async def test_a_wish_for_encryption_is_not_dropped(server):
    """The server of the tests speaks no TLS, so who requires it must be refused."""
    database = Database(server.url.replace("disable", "require"), pool=1)
    with pytest.raises(ConnectionError, match="SSL"):
        async with database.read() as session:
            await session.connection()
    await database.close()


@pytest.mark.parametrize("word", ["sslmode=disable&prepared_statement_cache_size=0", "ssl=disable"])
async def test_the_drivers_own_words_stay(server, word):
    database = Database(server.url.replace("sslmode=disable", word), pool=1)
    async with database.read() as session:
        await session.connection()
    await database.close()
