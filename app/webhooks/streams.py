"""Streams of events that are held open: one look a second for all of them, and a place for each.

A look tells which events have been numbered since the last one, and whose they are; only who may see one of them asks
for it. Nothing is lost: events get their numbers in commit order, by one numberer, so whoever is woken, or has just
begun, asks for all that stands behind the last number it has sent. While the database is away nobody is
woken. A stream ends when the server stops, and when its key does: what was opened with a key does not outlive it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar
from uuid import UUID

import structlog
from sqlalchemy import func, select

from app.access.principal import Principal
from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import TooManyRequests, Unavailable
from app.core.work import Event
from app.webhooks.body import body_of
from app.webhooks.queries import open_keys, visible_events

log = structlog.get_logger()
EACH, MOST = 10, 500
"""Streams that one owner, or one sandbox, may hold open, and a process altogether."""
BATCH, LOOKED_AT = 200, 1_000
PAUSE, QUIET = 1.0, 15.0
"""Seconds between two looks; and after which a quiet stream says that it is there, so that nobody closes it."""


class TooManyStreams(TooManyRequests):
    """You hold as many streams of events open as you may: 10, with all your keys together. Close one, or let several
    of your programs share one."""

    title = "Too many streams"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}


class Place:
    """One open stream."""

    def __init__(self, caller: Principal) -> None:
        """It begins with a look of its own."""
        self.caller, self.news, self.ended = caller, asyncio.Event(), False
        self.news.set()

    def concerns(self, owner_id: UUID | None, world_id: UUID | None) -> bool:
        """Whether its caller may see events of this owner in this world."""
        return world_id == self.caller.world_id and (self.caller.staff or owner_id == self.caller.owner_id)


class Streams:
    """The open streams of one process."""

    def __init__(self, database: Database, clock: Clock, stopping: asyncio.Event) -> None:
        """Nobody looks while none is open."""
        self._database, self._clock, self._stopping = database, clock, stopping
        self._places: set[Place] = set()
        self._held: Counter[UUID | None] = Counter()
        self._looking: asyncio.Task[None] | None = None

    @contextmanager
    def place(self, caller: Principal) -> Iterator[Place]:
        """A place for one stream, for as long as it lasts."""
        if self._held[caller.owner_id] >= EACH:
            raise TooManyStreams(f"You hold {EACH} streams open, which are all that you may; close one.", limit=EACH)
        if len(self._places) >= MOST:
            raise Unavailable("This server holds as many streams open as it can; `GET /v1/events` serves you.")
        place = Place(caller)
        self._places.add(place)
        self._held[caller.owner_id] += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            yield place
        finally:
            self._places.remove(place)
            self._held -= Counter([caller.owner_id])

    async def follow(self, place: Place, after: int) -> AsyncIterator[bytes]:
        """Events as they are numbered, each with its number as id."""
        yield b"retry: 2000\n\n"
        while not (self._stopping.is_set() or place.ended):
            place.news.clear()  # before the look, so that what comes during it is looked for again
            events = await self._behind(place.caller, after)
            for event in events:
                after = event.position or after
                yield b"id: %d\nevent: %b\ndata: %b\n\n" % (after, event.type.encode(), body_of(event))
            if len(events) == BATCH:
                place.news.set()
            while not place.news.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(place.news.wait(), QUIET)
                if not place.news.is_set():
                    yield b": still here\n\n"

    async def _behind(self, caller: Principal, after: int) -> list[Event]:
        wanted = visible_events(caller).where(Event.position > after).limit(BATCH)
        async with self._database.read() as session:
            return list(await session.scalars(wanted))

    async def _look(self) -> None:
        """Wake whom something concerns, until the server stops or nobody listens."""
        last: int | None = None
        while self._places and not self._stopping.is_set():
            try:
                last = await self._wake(last)
            except Exception as error:  # noqa: BLE001 - a look that fails must not end the looking
                log.warning("streams.not_looked", cause=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), PAUSE)
        for place in self._places:
            place.news.set()
        self._looking = None

    async def _wake(self, last: int | None) -> int:
        """Look once; answers the newest number that was seen."""
        keys = {place.caller.key_id for place in self._places} - {None}
        async with self._database.read() as session:
            good: set[UUID | None] = set(await session.scalars(open_keys(keys, self._clock())))
            if last is None:
                newest = await session.scalar(select(func.max(Event.position))) or 0
                rows: Any = ()
            else:
                new = select(Event.position, Event.owner_id, Event.world_id).where(Event.position > last)
                rows = (await session.execute(new.order_by(Event.position).limit(LOOKED_AT))).all()
                newest = rows[-1].position if rows else last
        whose = {(row.owner_id, row.world_id) for row in rows}
        for place in self._places:
            if place.caller.key_id is not None and place.caller.key_id in keys - good:
                place.ended = True
            if place.ended or last is None or any(place.concerns(*one) for one in whose):
                place.news.set()
        return int(newest)
