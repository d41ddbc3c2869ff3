"""The editions a process holds: the current one always, a few older ones while they are asked for.

A replica learns of a new edition by reading one row, at most a second late; the process that published calls
`refresh` itself. The next edition is prepared in a thread and put in place by one assignment, so a reader sees the
old one whole or the new one whole.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from sqlalchemy import Executable, and_, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Database
from app.editions.kinds import Kind
from app.editions.models import Edition, Published, Revision
from app.editions.snapshot import Collection, Entry, Snapshot, collect, make_entry

log = structlog.get_logger()
KEPT = 4
"""Older editions held at once."""
AT_ONCE = 500
"""Documents read from the database at once."""

Prepare = Callable[[Snapshot, Snapshot | None], object]
"""Called with a new edition, and the one before it, before the new one is shown."""


class Shelf:
    """Hands out editions."""

    def __init__(
        self,
        database: Database,
        kinds: Iterable[Kind],
        prepare: Sequence[Prepare] = (),
        shown: Callable[[], None] = lambda: None,
    ) -> None:
        """Start empty: edition 0 holds nothing. `shown` is called in the same step in which an edition is shown."""
        self._shown = shown
        self.kinds: Mapping[str, Kind] = {kind.name: kind for kind in kinds}
        self.current = self._empty()
        self._database, self._prepare = database, prepare
        self._older: OrderedDict[int, Snapshot] = OrderedDict()
        self._lock = asyncio.Lock()

    def _empty(self) -> Snapshot:
        return Snapshot(0, None, None, collect(self.kinds, {}))

    async def refresh(self) -> bool:
        """Take up the newest edition, if it is not the one shown; tell whether it was new."""
        async with self._lock:
            return await self.refresh_held()

    async def refresh_held(self) -> bool:
        """The same, for who holds the lock."""
        async with self._database.read() as session:
            edition = await session.scalar(select(Edition).order_by(Edition.number.desc()).limit(1))
            if edition is None or (edition.number, edition.digest) == (self.current.number, self.current.digest):
                return False
            before = self.current
            known = await session.get(Edition, before.number)
            if known is None or known.digest != before.digest or edition.number <= before.number:
                before = self._empty()  # another history: the database was restored from a backup
            changed = (
                select(Revision.kind, Revision.slug, Revision.edition, Revision.document, Edition.published_at)
                .join(Published, _same_revision())
                .join(Edition, Edition.number == Revision.edition)
                .where(Revision.edition > before.number)
            )
            made = await self._entries(session, changed)
            retired = (await session.execute(_retirements(edition.number))).all()

        def build() -> Snapshot:
            fresh = _next(before, self.kinds, made, retired, edition)
            for prepare in self._prepare:
                prepare(fresh, before)
            return fresh

        self.current = await asyncio.to_thread(build)
        self._shown()
        log.info("edition.shown", edition=edition.number, items=edition.items)
        return True

    async def _entries(self, session: AsyncSession, wanted: Executable) -> list[Entry]:
        """The rows as entries, some at a time: a document is held as bytes, and its text let go."""
        made: list[Entry] = []
        found = await session.stream(wanted, execution_options={"yield_per": AT_ONCE})
        async for rows in found.partitions():
            made += await asyncio.to_thread(_made, self.kinds, rows)
        return made

    async def at(self, number: int) -> Snapshot | None:
        """The content as that edition had it; None where there is no such edition."""
        if number == self.current.number:
            return self.current
        if number > self.current.number:
            await self.refresh()
        if number == self.current.number or not 0 < number < self.current.number:
            return self.current if number == self.current.number else None
        async with self._lock:
            if number not in self._older:
                self._older[number] = await self._read(number)
                while len(self._older) > KEPT:
                    self._older.popitem(last=False)
            self._older.move_to_end(number)
            return self._older[number]

    async def _read(self, number: int) -> Snapshot:
        """An older edition: what still stands is shared with the current one, the rest is read."""
        base = self.current
        latest = (
            select(Revision.kind, Revision.slug, func.max(Revision.edition).label("edition"))
            .where(Revision.edition <= number)
            .group_by(Revision.kind, Revision.slug)
            .subquery()
        )
        same = and_(
            latest.c.kind == Revision.kind, latest.c.slug == Revision.slug, latest.c.edition == Revision.edition
        )
        there = Revision.document.is_not(None)
        keys = select(Revision.kind, Revision.slug, Revision.edition).join(latest, same).where(there)
        wanted = (
            select(Revision.kind, Revision.slug, Revision.edition, Revision.document, Edition.published_at)
            .join(latest, same)
            .join(Edition, Edition.number == Revision.edition)
            .outerjoin(Published, _same_revision())
            .where(there, Published.slug.is_(None))
        )
        async with self._database.read() as session:
            held = (await session.execute(keys)).all()
            made = await self._entries(session, wanted)
            retired = (await session.execute(_retirements(number))).all()
            edition = await session.get_one(Edition, number)
        read = {(entry.kind.name, entry.slug) for entry in made}
        shared: dict[str, list[Entry]] = {}
        for kind, slug, since in held:
            entry = base.get(kind, slug) if kind in self.kinds else None
            if (kind, slug) in read or kind not in self.kinds:
                continue
            if entry is None or entry.edition != since:
                # Something was published between our looks; the current edition must catch up first.
                await self.refresh_held()
                return await self._read(number)
            shared.setdefault(kind, []).append(entry)
        start = Snapshot(0, None, None, collect(self.kinds, shared))
        return await asyncio.to_thread(_next, start, self.kinds, made, retired, edition)

    async def watch(self, seconds: float = 1.0) -> None:
        """Look for a new edition for as long as the process serves."""
        while True:
            await asyncio.sleep(seconds)
            # A database that is away for a moment stops no reader; readiness reports it.
            with suppress(SQLAlchemyError, OSError):
                await self.refresh()


def _retirements(until: int) -> Any:
    """Every item that was ever retired, and when last."""
    return (
        select(Revision.kind, Revision.slug, func.max(Revision.edition).label("edition"))
        .where(Revision.document.is_(None), Revision.edition <= until)
        .group_by(Revision.kind, Revision.slug)
    )


def _same_revision() -> Any:
    return and_(Published.kind == Revision.kind, Published.slug == Revision.slug, Published.edition == Revision.edition)


def _made(kinds: Mapping[str, Kind], rows: Iterable[Any]) -> list[Entry]:
    return [
        make_entry(kinds[row.kind], row.document, row.edition, row.published_at) for row in rows if row.kind in kinds
    ]


def _next(
    before: Snapshot,
    kinds: Mapping[str, Kind],
    made: Iterable[Entry],
    retirements: Iterable[Any],
    edition: Edition,
) -> Snapshot:
    """Make an edition from the one before it and what changed since."""
    touched: dict[str, dict[str, Entry | None]] = {}
    for entry in made:
        touched.setdefault(entry.kind.name, {})[entry.slug] = entry
    for row in retirements:
        # Older retirements are known; one of an item that came back since is not news.
        held = before.get(row.kind, row.slug) if row.kind in kinds else None
        back = held is not None and held.edition > row.edition
        if row.edition > before.number and not back and row.slug not in touched.get(row.kind, {}):
            touched.setdefault(row.kind, {})[row.slug] = None
    collections = dict(before.collections)
    for name, kind in kinds.items():
        changes = touched.get(name, {})
        if changes or any(other in touched for other in kind.ranked.values()):
            kept = [e for e in before[name].entries if e.slug not in changes]
            new = [e for e in changes.values() if e is not None]
            collections[name] = Collection(kind, kept + new, collections)
    gone = {
        (row.kind, row.slug): row.edition
        for row in retirements
        if row.kind in kinds and collections[row.kind].get(row.slug) is None
    }
    return Snapshot(edition.number, edition.published_at, edition.digest, collections, gone)
