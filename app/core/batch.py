"""Many small writes in one transaction: each is answered only when the transaction that holds it has ended well.

A database flushes to disk once for each transaction, and that is most of what a small write costs. Whoever comes while
a transaction runs waits in a queue; the next transaction takes all of them. As many as were there last time are waited
for, a millisecond at most: those who were just answered come again, and without it half of them would wait through the
transaction of the other half, in turns. With one writer alone it is one transaction for one write, and no waiting.

Where the database runs transactions side by side there may be several lanes. Each takes its share of all who are
there, so that while the database writes for some, this process reads and checks what others sent.

When a batch fails as a whole (one of its rows collides with another), each of its writes is tried in a transaction of
its own, so that a fault reaches the one who made it and nobody else.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy.exc import IntegrityError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
PATIENCE = 0.001
"""Seconds that a transaction waits for those whom the last one answered; a flush to disk takes about as long."""
MOST = 64
"""Writes in one transaction; keeps a transaction short enough for others to have their turn."""


class Batch(Generic[Item, Outcome]):
    """Collects items and hands them to `write`, many at a time."""

    def __init__(
        self, write: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome]]], *, lanes: int = 1, most: int = MOST
    ) -> None:
        """`write` is one transaction; it answers one outcome for each item, in order, or raises for all.

        `lanes`: how many transactions may run side by side.
        """
        self._write, self._lanes, self._most = write, lanes, most
        self._waiting: list[tuple[Item, asyncio.Future[Outcome]]] = []
        self._draining: asyncio.Task[None] | None = None
        self._free = asyncio.Semaphore(lanes)
        self._under_way: dict[asyncio.Task[None], int] = {}
        self._share = 1
        self._all_here: asyncio.Future[None] | None = None

    async def put(self, item: Item) -> Outcome:
        """Write one item; the answer means that it is kept."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())
        elif self._all_here is not None and len(self._waiting) == self._share:
            self._all_here.set_result(None)
        return await future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._free.acquire()
                if len(self._waiting) < self._share:
                    self._all_here = asyncio.get_running_loop().create_future()
                    await asyncio.wait([self._all_here], timeout=PATIENCE)
                    self._all_here = None
                everybody = len(self._waiting) + sum(self._under_way.values())
                self._share = min(math.ceil(everybody / self._lanes), self._most)
                taken, self._waiting = self._waiting[: self._share], self._waiting[self._share :]
                # A client that went away before its turn is not written.
                run = asyncio.create_task(self._settle([pair for pair in taken if not pair[1].done()]))
                self._under_way[run] = len(taken)
                run.add_done_callback(self._leave)
        finally:
            self._draining = None

    def _leave(self, run: asyncio.Task[None]) -> None:
        del self._under_way[run]
        self._free.release()

    async def _settle(self, taken: list[tuple[Item, asyncio.Future[Outcome]]]) -> None:
        if not taken:
            return
        try:
            outcomes = await self._write([item for item, _ in taken])
        except IntegrityError as error:
            if len(taken) == 1:
                _fail(taken, error)
            else:
                for pair in taken:
                    await self._settle([pair])
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it is
            _fail(taken, error)
        else:
            for (_, future), outcome in zip(taken, outcomes, strict=True):
                if not future.done():
                    future.set_result(outcome)


def _fail(taken: Sequence[tuple[object, asyncio.Future[Outcome]]], error: Exception) -> None:
    for _, future in taken:
        if not future.done():
            future.set_exception(error)
