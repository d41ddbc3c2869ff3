"""What taking requests costs the database does not grow with the requests that are there."""

import asyncio

from sqlalchemy import event

from tests.tta.make import a_partner


async def test_a_batch_of_references_is_looked_up_by_index(world):
    """Several pairs at once, of several partners: SQLite reads a list of pairs by scanning the whole table."""
    if world.database.dialect != "sqlite":
        return  # a planner with statistics scans small tables rightly
    partners = [await a_partner(world, f"Agency {n}") for n in range(3)]
    sent = []

    def note(_connection, _cursor, statement, parameters, *_rest):
        if "external_ref" in statement and statement.startswith("SELECT"):
            sent.append((statement, parameters))

    event.listen(world.database.writer.sync_engine, "before_cursor_execute", note)
    answers = await asyncio.gather(*(one.ask(external_ref=f"R-{n}") for one in partners for n in range(4)))
    event.remove(world.database.writer.sync_engine, "before_cursor_execute", note)
    assert {answer.status_code for answer in answers} == {201}
    assert max(len(parameters) for _, parameters in sent) > 2
    async with world.database.read() as session:
        connection = await session.connection()
        for statement, parameters in sent:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            assert [row.detail for row in plan if row.detail.startswith("SCAN")] == []


async def test_a_partner_may_use_a_reference_that_another_uses_too(world):
    one, two = await a_partner(world, "One"), await a_partner(world, "Two")
    asked = [(one, "A"), (two, "B")]
    assert {(await who.ask(external_ref=ref)).status_code for who, ref in asked} == {201}
    crossed = await asyncio.gather(
        one.ask(external_ref="B"), two.ask(external_ref="A"), one.ask(external_ref="A"), two.ask(external_ref="B")
    )
    assert [answer.status_code for answer in crossed] == [201, 201, 409, 409]
