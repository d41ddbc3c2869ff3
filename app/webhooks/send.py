"""Sending: claim in one short transaction, send outside any, settle in another.

Failure cases first. A worker that dies after claiming: the lease runs out and another sends, with the same
`webhook-id`. One that dies after sending and before settling: sent twice, with the same id. A receiver that hangs
holds a few places of its own, and after a second not even those: what takes long is counted apart. A receiver that
fails is left alone until its `retry_at`, so its backlog costs one probe at a time. What finishes together is settled
in one transaction.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog

from app.core.clock import Clock, monotonic
from app.core.db import Database
from app.core.outbound import Outbound, PrivateAddress, Reply
from app.core.seal import Seal
from app.webhooks.body import body_of
from app.webhooks.claim import PLACES_EACH, Claimed, choose, lease, ready
from app.webhooks.secret import signing_secrets
from app.webhooks.settle import Keep, Result, settle
from app.webhooks.signing import sign

log = structlog.get_logger()
PLACES, MOST = 128, 512
"""Tries under way at once: those that are quick, and all with those that are slow, which only hold a socket."""
SLOW = 1.0
"""Seconds after which a try gives its place to others, and its endpoint gets no further one."""
TOGETHER = 0.05
"""Seconds that a running worker waits for others to finish before it settles."""


class Sender:
    """Tries what is due; a task of the worker."""

    def __init__(self, outbound: Outbound, seal: Seal, clock: Clock, keep: Keep | None = None) -> None:
        """With `keep` it works for sandboxes, and for them alone: so no slow receiver delays them.

        `clock` gives the real time: signatures carry it, whatever a sandbox's clock says, because verifiers compare it
        with theirs.
        """
        self._outbound, self._seal, self._clock, self._keep = outbound, seal, clock, keep
        self._under_way: dict[asyncio.Task[None], tuple[UUID, float]] = {}
        self._results: list[Result] = []
        self._settling = asyncio.Lock()
        self._left = False
        """Something due was left for want of a place."""
        self.wake: Callable[[], None] = lambda: None
        self.together = 0.0

    async def __call__(self, database: Database, now: datetime) -> int:
        """Start what is due and has a place; answers how much was started."""
        slow = monotonic() - SLOW
        quick = sum(began > slow for _, began in self._under_way.values())
        free = min(PLACES - quick, MOST - len(self._under_way))
        if free <= 0:
            await asyncio.wait(self._under_way, timeout=SLOW, return_when=asyncio.FIRST_COMPLETED)
            return 1
        claimed = await self._claim(database, now, free)
        for one in claimed:
            task = asyncio.create_task(self._deliver(database, one))
            self._under_way[task] = one.endpoint.id, monotonic()
            task.add_done_callback(self._done)
        return len(claimed)

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        if (error := task.exception()) is not None:
            # The leases run out, and what was not settled is sent again.
            log.error("webhooks.not_settled", cause=type(error).__name__)
        if self._left:
            self.wake()

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.wait(list(self._under_way))

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._outbound.close()

    async def _claim(self, database: Database, now: datetime, free: int) -> list[Claimed]:
        async with database.read() as session:
            due = await session.execute(ready(sandboxes=self._keep is not None), {"now": now, "most": free})
            rows = due.all()
        chosen, self._left = choose(rows, self._taken(), free)
        if not chosen:
            return []
        async with database.write() as session:
            return await lease(session, chosen, now)

    def _taken(self) -> Counter[UUID]:
        """How many places each endpoint holds; all that it may hold, where one of its tries is slow."""
        slow, taken = monotonic() - SLOW, Counter[UUID]()
        for endpoint_id, began in self._under_way.values():
            taken[endpoint_id] += 1 if began > slow else PLACES_EACH
        return taken

    async def _deliver(self, database: Database, claimed: Claimed) -> None:
        began, at = monotonic(), self._clock()
        body = body_of(claimed.event)
        there = at + claimed.ahead
        headers = self._headers(claimed, body, at, there)
        reply: Reply | None
        if headers is None:
            reply, outcome, headers = None, "unsigned", {}
        elif claimed.endpoint.world_id is not None:
            reply, outcome = Reply(200, "kept in the sandbox's inbox", None), "delivered"
        else:
            reply, outcome = await self._post(claimed.endpoint.url, body, headers)
        result = Result(claimed, there, round((monotonic() - began) * 1000), outcome, reply, headers, body)
        self._results.append(result)
        async with self._settling:
            if self._results and self.together:
                await asyncio.sleep(self.together)
            together, self._results = self._results, []
            if together:
                async with database.write() as session:
                    await settle(session, together, self._keep)

    def _headers(self, claimed: Claimed, body: bytes, at: datetime, there: datetime) -> dict[str, str] | None:
        """The headers of a webhook; None where its secret was sealed under another APP_SECRET."""
        try:
            secrets = signing_secrets(self._seal, claimed.endpoint, there)
        except ValueError:
            log.error("webhooks.secret_unreadable", endpoint_id=str(claimed.endpoint.id))  # noqa: TRY400
            return None
        timestamp = int(at.timestamp())
        return {
            "content-type": "application/json",
            "user-agent": "pmhc-toolkit-webhooks/1",
            "webhook-id": str(claimed.event.id),
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(secrets, str(claimed.event.id), timestamp, body),
        }

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[Reply | None, str]:
        try:
            reply = await self._outbound.post(url, body, headers)
        except PrivateAddress:
            return None, "private-address"
        except TimeoutError:
            return None, "timeout"
        except OSError:
            return None, "connection-failed"
        if 200 <= reply.status < 300:
            return reply, "delivered"
        return reply, "redirect" if 300 <= reply.status < 400 else f"http-{reply.status}"
