"""The addresses that people hand to us, as PostgreSQL's own library writes them; and connections that died."""

import asyncio

import pytest
from sqlalchemy import text

from app.core import db
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


@pytest.mark.parametrize("trusted_seconds", [0.0, 3600.0])
async def test_a_connection_that_died_is_replaced_before_it_is_used(server, monkeypatch, trusted_seconds):
    """One that lay idle is tried first; of one that was just used, the driver hears that the server closed it."""
    monkeypatch.setattr(db, "TRUSTED_SECONDS", trusted_seconds)
    database, other = Database(server.url, pool=1), Database(server.url, pool=1)

    async def which(of=database):
        async with of.read() as session:
            connection = await session.connection()
            driver = (await connection.get_raw_connection()).driver_connection
            return driver, await session.scalar(text("SELECT pg_backend_pid()"))

    for _ in range(2):
        driver, first = await which()
        assert (await which())[1] == first
        async with other.read() as session:
            assert await session.scalar(text("SELECT pg_terminate_backend(:pid)"), {"pid": first})
        async with asyncio.timeout(10):
            while trusted_seconds and not driver.is_closed():
                await asyncio.sleep(0)
        assert (await which())[1] != first
    await database.close()
    await other.close()
