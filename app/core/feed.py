"""The order of events: positions given in commit order, by one numberer at a time.

A sequence or an autoincrement would number events when they are written; a transaction that commits late would then
appear behind a reader's cursor and never be seen. So events are written without a position, and the worker numbers
what is visible, holding the counter's row locked: everything it can see has been committed, and nobody else numbers.

Of those it numbers together the ids decide, which are made while a transaction runs and holds what it changes. Their
times are those at which requests came, and who came first may have waited for a row until the other was done.
"""

from datetime import datetime

from sqlalchemy import BigInteger, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Database
from app.core.words import Label
from app.core.work import Event

BATCH = 500


class Counter(Base):
    """A number that only one transaction at a time may raise."""

    __tablename__ = "counter"

    name: Mapped[Label] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


async def number_events(database: Database, _now: datetime) -> int:
    """Give the next positions to events that have none; answers how many it numbered."""
    waiting = select(Event.id).where(Event.position.is_(None)).order_by(Event.id)
    async with database.read() as session:
        # Looking first keeps an idle worker away from SQLite's only write lock.
        if await session.scalar(waiting.limit(1)) is None:
            return 0
    async with database.write() as session:
        counter = await session.get_one(Counter, "event", with_for_update=True)
        found = list(await session.scalars(waiting.limit(BATCH)))
        numbered = [{"event_id": id_, "next": counter.value + n} for n, id_ in enumerate(found, 1)]
        if numbered:
            given = update(Event).where(Event.id == bindparam("event_id")).values(position=bindparam("next"))
            await (await session.connection()).execute(given, numbered)
            counter.value += len(numbered)
    return len(numbered)
