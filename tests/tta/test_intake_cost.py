"""What taking requests costs the database does not grow with the requests that are there."""

import asyncio

from sqlalchemy import event

from app.core.bulk import write_rows
from app.tta.intake import keep
from tests.tta.make import a_partner


async def test_a_batch_of_references_is_looked_up_by_index(world):
    """Several pairs at once, of several partners: SQLite reads a list of pairs by scanning the whole table."""
    if world.database.dialect != "sqlite":
        return  # a planner with statistics scans small tables rightly
    partners = [await a_partner(world, f"Agency {n}") for n in range(3)]
    await partners[0].ask(external_ref="R-3")  # they are looked up once one of them was used
    sent = []

    def note(_connection, _cursor, statement, parameters, *_rest):
        if "external_ref" in statement and statement.startswith("SELECT"):
            sent.append((statement, parameters))

    event.listen(world.database.writer.sync_engine, "before_cursor_execute", note)
    answers = await asyncio.gather(*(one.ask(external_ref=f"R-{n}") for one in partners for n in range(4)))
    event.remove(world.database.writer.sync_engine, "before_cursor_execute", note)
    assert sorted(answer.status_code for answer in answers) == [201] * 11 + [409]
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


async def test_what_was_sent_before_costs_those_beside_it_one_transaction(world, monkeypatch):
    """A storm of repetitions must not take every request back to a transaction of its own."""
    partner = await a_partner(world)
    first = await partner.ask(key="again", external_ref="A")
    without_a_look, looking = [], []

    async def note_rows(database, rows):
        without_a_look.append(rows)
        await write_rows(database, rows)

    async def note_plans(session, plans):
        looking.append(plans)
        return await keep(session, plans)

    monkeypatch.setattr("app.tta.intake.write_rows", note_rows)
    monkeypatch.setattr("app.tta.intake.keep", note_plans)
    answers = await asyncio.gather(
        *(partner.ask(external_ref=f"new {n}") for n in range(5)),
        partner.ask(key="again", external_ref="A"),
        partner.ask(key="other", external_ref="A"),
        *(partner.ask(external_ref=f"newer {n}") for n in range(5)),
    )
    assert [answer.status_code for answer in answers] == [201] * 6 + [409] + [201] * 5
    assert answers[5].content == first.content
    assert answers[5].headers["idempotent-replayed"] == "true"
    assert not any("idempotent-replayed" in answer.headers for answer in (*answers[:5], *answers[7:]))
    # The first goes alone, for nobody else was there; the others together: once in vain, once looking first.
    # (On PostgreSQL the others are two halves.)
    assert len(without_a_look) <= 3
    assert 1 <= len(looking) <= 2
    total = (await partner.get("/v1/tta-requests", params={"limit": 1})).json()["total"]
    assert total == 11
