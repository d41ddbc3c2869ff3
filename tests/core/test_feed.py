"""Positions: given to what is committed, in the order in which it was."""

from datetime import timedelta

from sqlalchemy import select

from app.core.feed import number_events
from app.core.ids import new_id
from app.core.work import Event, Work


async def test_who_waited_for_a_row_comes_after_who_held_it(bare):
    """The first to come is the last to write: it waited, and its time is the earlier one."""
    for now in (bare.clock(), bare.clock() - timedelta(seconds=1)):
        async with bare.database.write() as session:
            Work(session=session, actor="test", now=now).record("webhook.ping", "test", 1, endpoint_id=str(new_id()))
    await number_events(bare.database, bare.clock())
    async with bare.database.read() as session:
        times = list(await session.scalars(select(Event.at).order_by(Event.position)))
    assert times == [bare.clock(), bare.clock() - timedelta(seconds=1)]
