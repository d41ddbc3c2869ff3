"""Taking requests: one writer that keeps many of them in one transaction.

`Intake` hands plans to a queue: whatever waits while one transaction runs shares the next one, and each is answered
only after its transaction ended well (`core.batch`). What can go wrong inside is settled there, under the same lock as
the writing:

- the idempotency key was used: the first answer again, or a refusal;
- a sandbox is full, or is gone: a refusal;
- the partner's own reference was used: 409 with a link to the first;
- a reference of ours collides: the row is refused by the database, and the request is planned anew.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.batch import Batch
from app.core.bulk import write_rows
from app.core.db import Base, Database
from app.core.errors import Conflict, Problem, sandbox_gone
from app.core.idempotency import IdempotencyRow, Running, standing
from app.core.notices import Notice
from app.core.sandboxes import REQUESTS_MOST, SandboxFull, hold
from app.core.signing import Signer
from app.core.work import Event
from app.tta.models import RequestTopic, TTARequest
from app.tta.personal import Contact
from app.tta.plan import Asked, Plan, Row, plan, status_token

TRIES = 5
LANES = {"sqlite": 1, "postgresql": 2}
"""Transactions side by side; SQLite writes one at a time. More than two are no faster with one processor."""


class ExternalRefUsed(Conflict):
    """You have a request with this `external_ref` already; `existing` links to it. Each of your requests needs a
    reference of its own, or none."""

    title = "The reference is taken"


@dataclass(slots=True)
class Outcome:
    """What became of a plan: a body to send, or a refusal."""

    body: str = ""
    location: str = ""
    replayed: bool = False
    refusal: Problem | None = None


async def judge(session: AsyncSession, asked: Sequence[Asked]) -> list[Outcome | None]:
    """What stands against keeping each of them, read from the database; None where nothing does.

    A dry run and a real call read their verdict here.
    """
    held = await _held(session, asked)  # first: it waits for others
    known = await standing(session, [one.use for one in asked if one.use])
    taken = await _taken_references(session, asked)
    outcomes = []
    for one in asked:
        outcome = _verdict(one, known, taken) or _room(one, held)
        outcomes.append(outcome)
        if outcome is None and one.moment.world_id is not None:
            held[one.moment.world_id] += 1
    return outcomes


def _verdict(
    one: Asked, known: Mapping[str, Any], taken: Mapping[tuple[UUID | None, str | None], UUID]
) -> Outcome | None:
    if one.use and one.use.digest in known:
        try:
            row = one.use.replay(known[one.use.digest])
            return Outcome(body=row.answer, location=row.location or "", replayed=True)
        except Problem as refusal:
            return Outcome(refusal=refusal)
    existing = taken.get((one.owner_id, one.form.external_ref))
    if existing is None:
        return None
    told = "You have a request with this `external_ref` already; `existing` links to it."
    return Outcome(refusal=ExternalRefUsed(told, existing=f"/v1/tta-requests/{existing}"))


def _room(one: Asked, held: Mapping[UUID, int]) -> Outcome | None:
    """Whether a sandbox is there, and has room for one more."""
    if one.moment.world_id is None:
        return None
    if one.moment.world_id not in held:
        return Outcome(refusal=sandbox_gone())
    if held[one.moment.world_id] >= REQUESTS_MOST:
        told = f"The sandbox holds {REQUESTS_MOST} requests, which is all that it may; make another sandbox."
        return Outcome(refusal=SandboxFull(told, limit=REQUESTS_MOST))
    return None


async def _held(session: AsyncSession, asked: Sequence[Asked]) -> dict[UUID, int]:
    """How many requests each sandbox holds that is there; locked, so that it stays so where we write."""
    there = await hold(session, {one.moment.world_id for one in asked})
    if not there:
        return {}
    R = TTARequest  # noqa: N806 - stands for the table
    counted = select(R.world_id, func.count()).where(R.world_id.in_(there)).group_by(R.world_id)
    rows = await session.execute(counted)
    return dict.fromkeys(there, 0) | {world_id: count for world_id, count in rows if world_id is not None}


async def _taken_references(
    session: AsyncSession, asked: Sequence[Asked]
) -> Mapping[tuple[UUID | None, str | None], UUID]:
    wanted = {(one.owner_id, one.form.external_ref) for one in asked if one.owner_id and one.form.external_ref}
    if not wanted:
        return {}
    owners, references = ({pair[place] for pair in wanted} for place in (0, 1))
    # Column by column and not pair by pair: SQLite finds a list of pairs by reading the whole table. What is found
    # beside the pairs, one partner's reference under another's name, is never asked for.
    found = select(TTARequest.owner_id, TTARequest.external_ref, TTARequest.id).where(
        TTARequest.owner_id.in_(owners), TTARequest.external_ref.in_(references)
    )
    rows = await (await session.connection()).execute(found)
    return {(row.owner_id, row.external_ref): row.id for row in rows}


async def keep(session: AsyncSession, plans: Sequence[Plan]) -> list[Outcome]:
    """Write those plans that nothing stands against, and say of the others what does."""
    against = await judge(session, [one.asked for one in plans])
    connection = await session.connection()
    for table, rows in _rows([one for one, outcome in zip(plans, against, strict=True) if outcome is None]):
        if rows:
            await connection.execute(insert(table), rows)
    return [outcome or _kept(one) for one, outcome in zip(plans, against, strict=True)]


def _rows(plans: Sequence[Plan]) -> Sequence[tuple[Table, Sequence[Row]]]:
    """What plans write: the rows of each table, and the tables in order."""
    # Keys, then references, each in one order for everybody: two replicas that write the same two wait for each other
    # once, and not in a circle.
    keys = sorted((one.key for one in plans if one.key), key=lambda row: str(row["digest"]))
    plans = sorted(plans, key=lambda one: one.asked.form.external_ref or "")
    return (
        (_table(IdempotencyRow), keys),
        (_table(TTARequest), [one.request for one in plans]),
        (_table(Contact), [one.contact for one in plans]),
        (_table(RequestTopic), [topic for one in plans for topic in one.topics]),
        (_table(Event), [one.event for one in plans]),
        (_table(Notice), [notice for one in plans for notice in one.notices]),
    )


def _table(model: type[Base]) -> Table:
    return cast("Table", model.__table__)


def _kept(plan: Plan) -> Outcome:
    return Outcome(body=plan.answer, location=plan.location)


class Intake:
    """Takes requests, many in one transaction."""

    def __init__(self, database: Database, secret: str, signer: Signer, wake: Callable[[], None]) -> None:
        """`wake` is called after each transaction."""
        self._database, self._secret, self._signer, self._wake = database, secret, signer, wake
        self._running = Running()
        self._batch: Batch[Plan, Outcome] = Batch(self._write, lanes=LANES[database.dialect])

    async def take(self, asked: Asked) -> Outcome:
        """Keep a request, or say what stands against it; what is answered is kept."""
        pen = await self._signer.pen()
        with self._running.of(asked.use):
            for _ in range(TRIES - 1):
                try:
                    return self._finish(asked, await self._batch.put(plan(asked, pen, self._secret)))
                except IntegrityError:
                    # A reference that exists already, or a race that another replica won: look again, plan anew.
                    continue
            return self._finish(asked, await self._batch.put(plan(asked, pen, self._secret)))

    async def try_out(self, asked: Asked) -> Outcome | None:
        """The verdict that `take` would reach now; writes nothing."""
        with self._running.of(asked.use):
            async with self._database.read() as session:
                return (await judge(session, [asked]))[0]

    async def _write(self, plans: Sequence[Plan]) -> list[Outcome]:
        outcomes = None
        # Hardly any request was sent before, so the rows are written without a look; a key or a reference that was
        # used is an IntegrityError for all of them. A sandbox is counted before it is written to.
        if all(one.asked.moment.world_id is None for one in plans):
            with suppress(IntegrityError):
                await write_rows(self._database, _rows(plans))
                outcomes = [_kept(one) for one in plans]
        if outcomes is None:
            async with self._database.write() as session:
                outcomes = await keep(session, plans)
        self._wake()
        return outcomes

    def _finish(self, asked: Asked, outcome: Outcome) -> Outcome:
        """The status token is shown in the answer and stored nowhere, so it is put in last."""
        if outcome.refusal or asked.owner_id is not None:
            return outcome
        request_id = json.loads(outcome.body)["id"]
        open_end = outcome.body.removesuffix("null}")
        return replace(outcome, body=f'{open_end}"{status_token(self._secret, request_id)}"}}')
