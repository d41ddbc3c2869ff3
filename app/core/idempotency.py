"""Idempotency keys: the first answer again, however often and from wherever the same request comes.

A key belongs to a caller (`Principal.known_as`: an owner, or a stranger's address) and a route. Its row, with the
answer, is written in the same transaction as what it answers: either both are there or neither, so a crash frees the
key and no answer is ever promised for a thing that is not there. Two at once: the insert of the second waits for the
first, or finds it; both databases do that by themselves, between replicas too. The body is compared by a digest;
neither it nor the key itself is stored.

    no row           -> carry on, and leave the row
    row, same body   -> its answer again, with `Idempotent-Replayed: true`
    row, other body  -> 422
    still being done -> 409 with `Retry-After` (known to the process that does it; see `Running`)
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, cast
from uuid import UUID

from fastapi import Header
from sqlalchemy import String, Table, Text, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Database
from app.core.errors import BadRequest, Conflict, Problem
from app.core.words import Label
from app.core.work import Moment

KEPT = timedelta(hours=73)
"""Longer than the 72 hours that are promised, so that a clock a little off breaks no promise."""
SWEPT_AT_ONCE = 1000
REPLAYED = "Idempotent-Replayed"


def _header(then: str) -> Any:
    return Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="Any text of your own that names the attempt, such as a UUID. Sent again with the same body within "
        f"72 hours, {then}",
        examples=["7d1c1d8e-5a3b-4f0e-9a63-1f2b8c9d0e11"],
    )


IdempotencyKey = Annotated[
    str | None,
    _header(
        "it gives the first answer again and does nothing twice. Without a key of ours it holds for the address it was "
        "first sent from."
    ),
]
RepeatKey = Annotated[
    str | None,
    _header(
        "nothing is done twice: the answer shows what was done, as it is now, with `Idempotent-Replayed: true`. After "
        "a refusal the same key may be used again."
    ),
]


class IdempotencyKeyMissing(BadRequest):
    """A partner's system must send `Idempotency-Key` here: without it, a repeated request after a lost answer would
    be done twice. Send any text that names the attempt, and the same text when you repeat it."""

    title = "An idempotency key is needed"


class IdempotencyKeyReused(Problem):
    """The idempotency key was used before with another body. Use a new key for a new request."""

    status, title = 422, "The idempotency key belongs to another body"


class StillRunning(Conflict):
    """A request with this idempotency key is being done at this moment. Repeat after `Retry-After` seconds: you will
    get its answer."""

    title = "The first request is still running"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class IdempotencyRow(Base):
    """A key that was used, and the answer it got."""

    __tablename__ = "idempotency_key"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of caller, route and key."""
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the canonical body."""
    route: Mapped[Label]
    status: Mapped[int]
    location: Mapped[str | None] = mapped_column(String(200))
    answer: Mapped[str] = mapped_column(Text)
    """The answer's body, without what is shown once: the endpoint knows how to add that again."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
    world_id: Mapped[UUID | None]
    """The sandbox that it ends with."""


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a key: whose, where, and with which body."""

    digest: str
    fingerprint: str
    route: str

    @classmethod
    def of(cls, caller: str, route: str, key: str, fingerprint: str) -> "Use":
        """The use of a key by a caller; a key in quotes, as the draft standard writes it, is the same key."""
        scope = "\n".join((caller, route, key.removeprefix('"').removesuffix('"')))
        return cls(hashlib.sha256(scope.encode()).hexdigest(), fingerprint, route)

    def row(self, moment: Moment, status: int, answer: str, location: str | None = None) -> dict[str, Any]:
        """The row that remembers the answer."""
        return {
            "digest": self.digest, "fingerprint": self.fingerprint, "route": self.route, "status": status,
            "location": location, "answer": answer, "expires_at": moment.now + KEPT, "world_id": moment.world_id,
        }  # fmt: skip

    def replay(self, standing: Any) -> Any:
        """The first use's row, if the body is the same."""
        if standing.fingerprint != self.fingerprint:
            raise IdempotencyKeyReused("This `Idempotency-Key` was used with another body; take a new one.")
        return standing


async def standing(session: AsyncSession, uses: Sequence[Use]) -> Mapping[str, Any]:
    """What is remembered of keys, by digest."""
    if not uses:
        return {}
    table = IdempotencyRow.__table__
    wanted = select(table).where(table.c.digest.in_([use.digest for use in uses]))
    # Rows and not objects: this is asked for every request that is sent, and answered with nothing almost always.
    found = await (await session.connection()).execute(wanted)
    return {row.digest: row for row in found}


async def remember(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Write keys down before anything else is done; answers the digests of those that were there already.

    Must come first in a transaction: on PostgreSQL it waits for whoever is writing the same key, here or elsewhere.
    """
    if not rows:
        return frozenset()
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    table = cast("Table", IdempotencyRow.__table__)
    kept = dialect.insert(table).on_conflict_do_nothing().returning(table.c.digest)
    # In one order for everybody, so that two transactions with the same two keys cannot wait for each other.
    ordered = sorted(rows, key=lambda row: str(row["digest"]))
    fresh = set((await (await session.connection()).execute(kept, ordered)).scalars())
    return frozenset(str(row["digest"]) for row in rows) - fresh


class Running:
    """The keys that this process is working on."""

    def __init__(self) -> None:
        """None yet."""
        self._uses: dict[str, str] = {}

    @contextmanager
    def of(self, use: Use | None) -> Iterator[None]:
        """Hold a key while its request is done; refuse it to others meanwhile."""
        if use is None:
            yield
            return
        if use.digest in self._uses:
            if self._uses[use.digest] != use.fingerprint:
                raise IdempotencyKeyReused("This `Idempotency-Key` is being used with another body; take a new one.")
            raise StillRunning("The first request with this `Idempotency-Key` is still running.")
        self._uses[use.digest] = use.fingerprint
        try:
            yield
        finally:
            del self._uses[use.digest]


async def forget_old_keys(database: Database, now: datetime) -> int:
    """A task: forget keys whose time is over; answers how many."""
    old = select(IdempotencyRow.digest).where(IdempotencyRow.expires_at < now).limit(SWEPT_AT_ONCE)
    async with database.read() as session:
        if await session.scalar(old.limit(1)) is None:
            return 0
    async with database.write() as session:
        digests = list(await session.scalars(old.with_for_update(skip_locked=True)))
        await session.execute(delete(IdempotencyRow).where(IdempotencyRow.digest.in_(digests)))
    return len(digests)
