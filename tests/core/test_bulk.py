"""Rows of several tables at once are the rows that ordinary statements write, and all of them or none."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from app.core.bulk import write_rows
from app.core.db import Database
from app.core.idempotency import IdempotencyRow
from app.core.ids import new_id
from app.core.notices import Notice, NoticeStatus, Recipient
from app.core.work import Event

EVENT, NOTICE, KEY = Event.__table__, Notice.__table__, IdempotencyRow.__table__
NOTE = """
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO written (what) VALUES (TG_TABLE_NAME || COALESCE(to_jsonb(NEW)->>'digest', '')); RETURN NEW; END $$
"""
ABOUT = new_id()
AT = datetime(2026, 7, 1, 23, 30, 15, 123456, tzinfo=timezone(timedelta(hours=-5)))


@pytest.fixture
async def database(bare_url):
    made = Database(bare_url)
    yield made
    await made.close()


def fact(**other):
    return {
        "id": new_id(), "type": "tta.submitted", "subject_type": "tta_request", "subject_id": "s", "owner_id": None,
        "world_id": None, "actor": "Ünïcode \N{PILE OF POO} 'quoted' \\ {a,b}", "at": AT,
        "data": {"a": [None, 1.5, "x\\y'\"{}"], "at": AT}, **other,
    }  # fmt: skip


def letter(**other):
    return {
        "id": new_id(), "kind": "tta.receipt", "subject_type": "tta_request", "subject_id": ABOUT, "data": {},
        "recipient": Recipient.REQUESTER, "status": NoticeStatus.QUEUED, "queued_at": AT, "next_attempt_at": AT,
        "attempts": 0, **other,
    }  # fmt: skip


def key(digest):
    return {
        "digest": digest, "fingerprint": "f", "route": "r", "status": 201, "location": None, "answer": "a",
        "expires_at": AT, "world_id": None,
    }  # fmt: skip


async def stored(database, table, *but):
    """Every row, as the driver gives it."""
    columns = ", ".join(column.name for column in table.c if column.name not in but)
    async with database.read() as session:
        rows = await session.execute(text(f"SELECT {columns} FROM {table.name} ORDER BY id"))
        return [tuple(row) for row in rows]


async def count(database, table):
    async with database.read() as session:
        return len((await session.execute(select(*table.primary_key.columns))).all())


async def test_they_are_what_ordinary_statements_write(database):
    rows = (EVENT, [fact(), fact(subject_id="t")]), (NOTICE, [letter(), letter(attempts=3)])
    await write_rows(database, rows)
    at_once = [await stored(database, table, "id") for table, _ in rows]
    async with database.write() as session:
        for table, values in rows:
            await session.execute(insert(table), [{**value, "id": new_id()} for value in values])
    for (table, values), before in zip(rows, at_once, strict=True):
        assert len(before) == len(values)
        assert await stored(database, table, "id") == [*before, *before]
    async with database.read() as session:
        event_row = await session.scalar(select(Event).limit(1))
    assert (event_row.at, event_row.position) == (AT.astimezone(UTC), None)
    assert event_row.data["a"] == rows[0][1][0]["data"]["a"]


async def test_one_that_is_refused_takes_all_with_it_and_the_next_goes_through(database):
    same = letter()
    before = [await count(database, table) for table in (KEY, EVENT, NOTICE)]
    with pytest.raises(IntegrityError) as refused:
        await write_rows(database, [(KEY, [key("1")]), (EVENT, [fact()]), (NOTICE, [same, letter(), same])])
    assert "quoted" not in str(refused.value)
    assert [await count(database, table) for table in (KEY, EVENT, NOTICE)] == before
    await write_rows(database, [(KEY, [key("1")]), (EVENT, []), (NOTICE, [same])])
    assert [await count(database, table) for table in (KEY, EVENT, NOTICE)] == [before[0] + 1, before[1], before[2] + 1]


async def test_nothing_is_no_transaction(database):
    await write_rows(database, [(KEY, [])])
    await write_rows(database, [])


async def test_what_is_too_long_is_refused_and_not_cut(database):
    if database.dialect == "sqlite":
        return  # it knows no lengths: the models check them
    with pytest.raises(DBAPIError):
        await write_rows(database, [(KEY, [key("d" * 65)])])
    assert await count(database, KEY) == 0


async def test_a_time_without_a_zone_is_refused(database):
    with pytest.raises(ValueError, match="naive"):
        await write_rows(database, [(EVENT, [fact(at=AT.replace(tzinfo=None))])])
    assert await count(database, KEY) == 0


async def test_tables_and_rows_are_written_in_the_order_given(database):
    """Whoever writes the same rows waits in the same order, so that nobody waits in a circle."""
    if database.dialect == "sqlite":
        return  # one writes at a time
    async with database.write() as session:
        for statement in (
            "CREATE TABLE written (number serial, what text)",
            NOTE,
            *(
                f"CREATE TRIGGER note BEFORE INSERT ON {name} FOR EACH ROW EXECUTE FUNCTION note()"
                for name in ("notice", "event", "idempotency_key")
            ),
        ):
            await session.execute(text(statement))
    keys = (KEY, [key(digest) for digest in "cab"])
    for order in ([keys, (EVENT, [fact()]), (NOTICE, [letter()])], [(NOTICE, [letter()]), keys, (EVENT, [fact()])]):
        async with database.write() as session:
            await session.execute(text("DELETE FROM written"))
            await session.execute(text("DELETE FROM idempotency_key"))
        await write_rows(database, order)
        expected = [
            f"{table.name}{row.get('digest', '')}" for table, rows in order for row in rows
        ]  # fmt: skip
        async with database.read() as session:
            assert list(await session.scalars(text("SELECT what FROM written ORDER BY number"))) == expected


async def test_it_is_one_round_trip_or_one_visit(database):
    sent = []

    def note(_connection, _cursor, statement, *_rest):
        sent.append(statement)

    for engine in {database.writer.sync_engine, database.reader.sync_engine}:
        event.listen(engine, "before_cursor_execute", note)
    await write_rows(database, [(KEY, [key(str(n)) for n in range(20)]), (EVENT, [fact()])])
    assert len(sent) == (0 if database.dialect == "sqlite" else 1)


async def test_it_waits_its_turn_among_those_who_write(database):
    """A transaction that is open in this process is waited for, and neither is refused nor seen half-done."""
    if database.dialect != "sqlite":
        return
    async with database.write() as session:
        await session.execute(insert(EVENT), [fact()])
        writing = asyncio.create_task(write_rows(database, [(EVENT, [fact()])]))
        await asyncio.sleep(0)
        assert await count(database, EVENT) == 0
        assert not writing.done()
    await writing
    assert await count(database, EVENT) == 2


async def test_a_database_that_is_locked_by_another_says_so(database):
    if database.dialect != "sqlite":
        return
    async with database.reader.connect() as other, database.writer.connect() as writer:
        await writer.exec_driver_sql("PRAGMA busy_timeout = 1")
        await writer.rollback()
        await writer.close()
        raw = (await other.get_raw_connection()).driver_connection
        await raw.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            await write_rows(database, [(KEY, [key("1")])])
        await raw.execute("ROLLBACK")
    await write_rows(database, [(KEY, [key("1")])])
    assert await count(database, KEY) == 1
