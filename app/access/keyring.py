"""From the text of a key to who holds it; and when each key was last used.

A key that was found good is remembered for `KEPT_SECONDS`, under the digest of its whole text, so a busy partner costs
one read in that time and not one for each request. A key revoked in this process stops at once, one revoked by another
process or by the command line after `KEPT_SECONDS` at most. Nothing is remembered about keys that are not good: a
wrong secret and an unknown prefix take the same path, one read and one comparison, and get the same answer. Keys of
sandboxes are never remembered, because their world's clock moves.

When a key was used is noted in memory and written once a minute in one batch; no request waits for it.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from app.access import keys
from app.access.models import ApiKey, Owner, World
from app.access.principal import Kind, Principal
from app.access.scopes import known
from app.core.clock import monotonic
from app.core.db import Database
from app.core.errors import Unauthenticated

log = structlog.get_logger()
KEPT_SECONDS = 2.0
KEPT_KEYS = 10_000
NOTED_EVERY = 60.0
NO_DIGEST = "0" * 64
"""Compared with when there is no such key, so that both cases take the same steps."""


@dataclass(frozen=True, slots=True)
class _Good:
    principal: Principal
    until: float


class Keyring:
    """Finds out whose a key is."""

    def __init__(self, database: Database) -> None:
        """Know no key yet."""
        self._database = database
        self._good: dict[str, _Good] = {}
        self._generation = 0
        self._used: dict[UUID, datetime] = {}

    async def holder(self, text: str, now: datetime) -> Principal:
        """Who holds the key, or the refusal that says why it does not work."""
        good = self._good.get(keys.digest(text))
        if good is None or good.until < monotonic():
            try:
                key = keys.parse(text)
            except keys.MalformedKey as fault:
                raise refusal("malformed", str(fault)) from None
            good = await self._look_up(key)
        holder = good.principal
        if holder.expires_at is not None and holder.expires_at <= now:
            ended = "The key has expired." if holder.world_id is None else "The sandbox has ended; make another one."
            raise refusal("expired", ended)
        if holder.key_id is not None:
            self._used[holder.key_id] = now
        return holder

    async def _look_up(self, key: keys.KeyText) -> _Good:
        generation = self._generation
        wanted = (
            select(ApiKey, Owner, World)
            .join(Owner, Owner.id == ApiKey.owner_id)
            .outerjoin(World, World.id == ApiKey.world_id)
            .where(ApiKey.prefix == key.prefix)
        )
        async with self._database.read() as session:
            row = (await session.execute(wanted)).one_or_none()
        if not keys.same(row[0].digest if row else NO_DIGEST, key.digest) or row is None:
            raise refusal("unknown", "There is no such key.")
        found, owner = row[0], row[1]
        world: World | None = row[2]  # an outer join may find none, which the types do not know
        # Whoever sends the right secret may be told why it no longer opens.
        if found.revoked_at is not None:
            raise refusal("revoked", "The key was revoked.")
        good = _Good(_principal(found, owner, world), monotonic() + KEPT_SECONDS)
        # What was read before a revocation must not be remembered after it.
        if world is None and generation == self._generation:
            if len(self._good) >= KEPT_KEYS:
                self._good.clear()
            self._good[key.digest] = good
        return good

    def forget(self) -> None:
        """Look every key up again: one of them was changed."""
        self._good.clear()
        self._generation += 1

    async def note_uses(self) -> int:
        """Write down when keys were last used; answers how many."""
        used, self._used = self._used, {}
        if not used:
            return 0
        later = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < bindparam("used_at"))
        noted = (
            update(ApiKey).where(ApiKey.id == bindparam("used_key"), later).values(last_used_at=bindparam("used_at"))
        )
        rows: list[Mapping[str, object]] = [{"used_key": key, "used_at": at} for key, at in sorted(used.items())]
        try:
            async with self._database.write() as session:
                await (await session.connection()).execute(noted, rows)
        except BaseException:
            self._used = {**used, **self._used}
            raise
        return len(used)

    async def watch(self) -> None:
        """Note uses once a minute, and a last time when cancelled."""
        try:
            while True:
                await asyncio.sleep(NOTED_EVERY)
                try:
                    await self.note_uses()
                except (SQLAlchemyError, OSError) as error:
                    log.warning("keys.uses_not_noted", cause=type(error).__name__)
        finally:
            with suppress(SQLAlchemyError, OSError):
                await self.note_uses()


def _principal(key: ApiKey, owner: Owner, world: World | None) -> Principal:
    return Principal(
        kind=Kind(owner.kind),
        name=owner.name,
        owner_id=owner.id,
        key_id=key.id,
        prefix=key.prefix,
        expires_at=min((at for at in (key.expires_at, world and world.expires_at) if at), default=None),
        scopes=known(key.scopes),
        world_id=key.world_id,
        offset=timedelta(seconds=world.offset_seconds) if world else timedelta(),
    )


def refusal(reason: str, detail: str) -> Unauthenticated:
    """A 401 for a key that was sent; `reason` is for programs, and the key is never repeated."""
    challenge = {"WWW-Authenticate": 'Bearer realm="pmhc", error="invalid_token"'}
    return Unauthenticated(detail, headers=challenge, reason=reason)
