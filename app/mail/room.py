"""The mail room: what is due goes out. A task of the worker.

Claim in one short transaction; find the words in one session; send outside any; settle in another transaction,
together with whatever else has finished. Failure cases first:

- A worker dies after claiming: the lease runs out and another sends.
- It dies after sending and before settling: the letter goes out twice, with the same Message-ID.
- A mail server hangs: it holds its own places until their time is up, and neither the loop nor the database; what
  finds another place goes out beside it.
- The words cannot be found or written: the letter is tried again like one that the server put off, because the fault
  is ours and may be mended meanwhile.
- The database goes away between sending and settling: the result is kept, and written down when it is back.
"""

import asyncio
import random
from datetime import datetime, timedelta
from email.message import EmailMessage

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.core.db import Database
from app.core.letters import Facts
from app.core.notices import Notice
from app.mail.message import build
from app.mail.office import Lookups, Office, find, write
from app.mail.queue import Result, claim, settle
from app.mail.retry import ATTEMPTS
from app.mail.sender import Send, Unsent

log = structlog.get_logger()
PLACES = 16
"""Letters under way at once."""
BREATH = 0.4
"""Seconds between batches of a backlog. Writing a letter costs some milliseconds of the one interpreter that also
answers requests; thirty letters a second are plenty, and leave four fifths of it to them."""


class MailRoom:
    """Sends what is due."""

    def __init__(self, office: Office, lookups: Lookups, send: Send, clock: Clock, lease: timedelta) -> None:
        """`lease` is how long a letter is ours: longer than any attempt can last."""
        self._office, self._lookups, self._send, self._clock, self._lease = office, lookups, send, clock, lease
        self._under_way: set[asyncio.Task[None]] = set()
        self._results: list[Result] = []
        self._settling, self._pen = asyncio.Lock(), asyncio.Lock()

    async def __call__(self, database: Database, now: datetime) -> int:
        """Start what is due and has a place; answers how much was started."""
        if self._results:
            await self._write_down(database)
        if len(self._under_way) >= PLACES:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
            return 1
        claimed = await claim(database, now, PLACES - len(self._under_way), self._lease)
        if not claimed:
            return 0
        async with database.read() as session:
            found = [await found_facts(session, notice, self._lookups) for notice in claimed]
        for notice, facts in zip(claimed, found, strict=True):
            task = asyncio.create_task(self._deliver(database, notice, facts))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        if len(claimed) == PLACES:
            await asyncio.sleep(BREATH)
        return len(claimed)

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.wait(set(self._under_way))

    async def _deliver(self, database: Database, notice: Notice, facts: Facts | Unsent) -> None:
        owner_id = facts.owner_id if isinstance(facts, Facts) else None
        try:
            code = await self._attempt(notice, facts)
            result = Result(notice, self._clock(), code, sent=True, owner_id=owner_id)
        except Unsent as unsent:
            result = Result(notice, self._clock(), unsent.code, for_good=unsent.for_good, owner_id=owner_id)
        self._results.append(result)
        try:
            await self._write_down(database)
        except (SQLAlchemyError, OSError) as error:
            log.error("mail.unsettled", cause=type(error).__name__)  # noqa: TRY400 - a message may quote words

    async def _attempt(self, notice: Notice, facts: Facts | Unsent) -> str:
        if notice.attempts > ATTEMPTS:
            raise Unsent("given-up", for_good=True)  # every attempt before took its worker with it
        if isinstance(facts, Unsent):
            raise facts
        try:
            async with self._pen:
                message = await asyncio.to_thread(self._written, notice, facts)
            return await self._send(message, f"{notice.id}.{notice.kind}")
        except Unsent:
            raise
        except Exception as error:  # a letter must not be lost to a fault that nobody thought of
            log.error("mail.fault", notice=str(notice.id), cause=type(error).__name__)  # noqa: TRY400
            raise Unsent("fault") from error

    def _written(self, notice: Notice, facts: Facts) -> EmailMessage:
        letter = write(self._office, notice, facts)
        return build(letter.envelope, letter.words, self._clock())

    async def _write_down(self, database: Database) -> None:
        # Whoever comes first settles for all that have finished meanwhile.
        async with self._settling:
            together, self._results = self._results, []
            if not together:
                return
            try:
                async with database.write() as session:
                    for result in together:
                        await settle(session, result, random.random())  # noqa: S311 - jitter, no secret
            except BaseException:
                self._results = together + self._results
                raise
        for result in together:
            _say(result)


async def found_facts(session: AsyncSession, notice: Notice, lookups: Lookups) -> Facts | Unsent:
    """What a letter will say, or why there will be none; one that fails spoils no other."""
    try:
        return await find(session, notice, lookups)
    except Unsent as unsent:
        return unsent
    except Exception as error:  # noqa: BLE001 - a feature's own fault; its letters wait
        await session.rollback()
        log.error("mail.lookup_failed", kind=notice.kind, cause=type(error).__name__)  # noqa: TRY400
        return Unsent("lookup")


def _say(result: Result) -> None:
    told = {"notice": str(result.notice.id), "kind": result.notice.kind, "outcome": result.code}
    if result.sent:
        log.info("mail.sent", **told)
    elif result.for_good or result.notice.attempts >= ATTEMPTS:
        log.error("mail.failed", attempts=result.notice.attempts, **told)
    else:
        log.warning("mail.later", attempts=result.notice.attempts, **told)
