"""The worker's heartbeat: a row that says when it last went round, so that every replica can tell whether one runs."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Database
from app.core.words import Label

EVERY = timedelta(seconds=5)
LATE = timedelta(seconds=30)


class Beat(Base):
    """When a worker last ticked."""

    __tablename__ = "worker_beat"

    worker: Mapped[Label] = mapped_column(primary_key=True)
    at: Mapped[datetime]


async def beat(database: Database, worker: str, now: datetime) -> None:
    """Say that this worker lives; forget those that have been silent for a day."""
    async with database.write() as session:
        await session.merge(Beat(worker=worker, at=now))
        for old in await session.scalars(select(Beat).where(Beat.at < now - timedelta(days=1))):
            await session.delete(old)


async def is_late(session: AsyncSession, now: datetime) -> bool:
    """Whether no worker has ticked lately."""
    newest = await session.scalar(select(func.max(Beat.at)))
    return newest is None or newest < now - LATE
