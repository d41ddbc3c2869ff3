"""A sandbox's clock, and what moves it.

Time moves from one due instant to the next, and at each everything that has fallen due is done by the worker's own
tasks. So what happens is what would have happened: in order, each thing just after it was due, not all at the end.
Where very much falls due, stops lie closer together than `by / STOPS`; then several things share one.

A move is work that a stranger may order, so it has bounds. A sandbox holds a bounded number of things; one clock is
moved by one call at a time, and a process moves few; between two batches the time is looked at, and whether anybody
still waits for the answer. When the time is up the clock stands where everything before it is done, and the answer says
how far is left: the same call with that goes on. Replicas know nothing of each other's moves: there two add up, each
does what is due, whoever moved, because the tasks lock what they touch, and the limit is read under the row's lock.
A running worker may have a due thing in hand: then the clock waits for it, a little, before it goes on.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import func, select

from app.access.models import World
from app.core.clock import Clock, monotonic
from app.core.db import Database
from app.core.errors import Conflict, Invalid, sandbox_gone
from app.core.work import Event
from app.sandbox.agenda import INDOORS, STIRRED, Agenda, agenda
from app.sandbox.schemas import AHEAD_MOST, SHOWN
from app.tta.sweep import SWEEPS
from app.worker import Outgoing, Task

EXACT, STOPS = 30, 100
"""Due instants that one move stops at exactly; and how many more stops there may be, near to what is due."""
PATIENCE, PAUSE, PAUSES = 10.0, 0.02, 100
"""Seconds after which a move stops where it is; how long and how often it waits for another worker."""
AT_ONCE, TURN_SECONDS = 2, 10.0
"""Moves that a process makes at once, of different sandboxes; how long others wait for their turn."""
SECOND = timedelta(seconds=1)


class ClockBusy(Conflict):
    """The clock of this sandbox is being moved by another call, or those of many sandboxes are. Nothing was moved.
    Repeat after `Retry-After` seconds."""

    title = "The clock is being moved"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}


@dataclass(slots=True)
class _Lane:
    """Those who move one clock, or wait to."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Turns:
    """Who moves a clock now, in this process."""

    def __init__(self) -> None:
        """Nobody yet."""
        self._places = asyncio.Semaphore(AT_ONCE)
        self._lanes: dict[UUID, _Lane] = {}

    @asynccontextmanager
    async def of(self, world_id: UUID) -> AsyncIterator[None]:
        """Move this clock alone; wait for that, but not for long."""
        lane = self._lanes.setdefault(world_id, _Lane())
        lane.users += 1
        try:
            async with AsyncExitStack() as held:
                try:
                    async with asyncio.timeout(TURN_SECONDS):
                        await held.enter_async_context(lane.lock)
                        await held.enter_async_context(self._places)
                except TimeoutError:
                    raise ClockBusy("The clock is being moved by another call; repeat this one later.") from None
                yield
        finally:
            lane.users -= 1
            if not lane.users:
                del self._lanes[world_id]


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of a move."""

    now: datetime
    news: list[Event]
    total: int
    left: timedelta


@dataclass(frozen=True, slots=True)
class Move:
    """One move of one world's clock. Made for one call: its time runs from then on."""

    database: Database
    clock: Clock
    world_id: UUID
    work: Mapping[str, Task]
    gone: Callable[[], Awaitable[bool]]
    """Whether nobody waits for the answer any more."""
    until: float = field(default_factory=lambda: monotonic() + PATIENCE)

    async def by(self, by: timedelta) -> Moved:
        """Move the clock and do what falls due on the way, as far as the time lasts."""
        _check((await self._agenda()).offset, by)
        await self._quiet()
        before = await self._last()
        left, least = by, timedelta()
        stops = waits = 0
        while left and not await self._over():
            least = by / STOPS if stops >= EXACT else least
            stride = await self._stride(left, least, patient=waits < PAUSES)
            clear = await self._do()
            if stride:
                left, stops, waits = left - stride, stops + 1, 0
            elif not clear:
                waits += 1
                await asyncio.sleep(PAUSE)
        await self._quiet()
        return await self._told(before, left)

    async def _stride(self, left: timedelta, least: timedelta, *, patient: bool) -> timedelta:
        """Go to just after the next due instant, or as far as is left; nowhere while something due is undone."""
        async with self.database.write() as session:
            # No key of the row changes: who only points to it need not wait.
            world = await session.get(World, self.world_id, with_for_update={"key_share": True})
            found = await agenda(session, self.world_id)
            if world is None or found is None:
                raise sandbox_gone()
            _check(found.offset, left)
            now, due = self.clock() + found.offset, found.next_due
            if due is not None and due < now and patient:
                return timedelta()
            wanted = left if due is None or due < now else (due - now) // SECOND * SECOND + SECOND
            stride = min(left, max(wanted, least // SECOND * SECOND))
            world.offset_seconds += round(stride.total_seconds())
        return stride

    async def _over(self) -> bool:
        return monotonic() > self.until or await self.gone()

    async def _agenda(self) -> Agenda:
        async with self.database.read() as session:
            found = await agenda(session, self.world_id)
        if found is None:
            raise sandbox_gone()
        return found

    async def _do(self) -> bool:
        """Do what is due, batch by batch; False where something is left, for want of time or in another's hands."""
        while True:
            found = await self._agenda()
            todo = found.todo(self.clock() + found.offset)
            if not todo:
                return True
            done = 0
            for name in INDOORS:
                if name in todo or (done and name in STIRRED):
                    done += await self._exhaust(name)
            if not done:
                return False

    async def _exhaust(self, name: str) -> int:
        total, task, sweep = 0, self.work[name], SWEEPS.get(name)
        while not await self._over():
            # Of what time makes due, ours alone: what other sandboxes have to do must not use up our time.
            ours = sweep(self.database, self.clock(), self.world_id) if sweep else task(self.database, self.clock())
            done = await ours
            total += done
            if not (done and isinstance(task, Outgoing)):
                break
            await task.settle()  # it takes but few at once
        return total

    async def _quiet(self) -> None:
        """Do what is due, and wait a little for what other workers have in hand."""
        for _ in range(PAUSES):
            if await self._do() or await self._over():
                return
            await asyncio.sleep(PAUSE)

    async def _last(self) -> int:
        async with self.database.read() as session:
            mine = select(func.max(Event.position)).where(Event.world_id == self.world_id)
            return await session.scalar(mine) or 0

    async def _told(self, before: int, left: timedelta) -> Moved:
        # Also when the time is up: what is not numbered now would be told by no call.
        await self.work["number_events"](self.database, self.clock())
        news = select(Event).where(Event.world_id == self.world_id, Event.position > before)
        async with self.database.read() as session:
            total = await session.scalar(select(func.count()).select_from(news.subquery())) or 0
            last = list(await session.scalars(news.order_by(Event.position.desc()).limit(SHOWN)))
        now = self.clock() + (await self._agenda()).offset
        return Moved(now, last[::-1], total, left)


def _check(offset: timedelta, by: timedelta) -> None:
    if offset + by > AHEAD_MOST:
        told = f"A sandbox's clock may run ahead by {AHEAD_MOST.days} days in all; make another sandbox."
        raise Invalid([{"pointer": "/advance", "detail": told}])
