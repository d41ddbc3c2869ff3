"""Partners with a webhook endpoint each, some of them dead, and events that concern them."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.models import Owner, Role
from app.core.clock import utcnow
from app.core.db import Database
from app.core.ids import new_id
from app.core.seal import Seal
from app.core.settings import DEFAULT_SECRET
from app.core.work import Work
from app.webhooks.models import EndpointStatus, WebhookEndpoint
from app.webhooks.secret import seal_secret
from app.webhooks.service import PingData
from bench.receivers import Receivers

DEAD = ("refuse", "hang", "error")
DEAD_SHARE = 20
"""Of so many endpoints one is dead."""
PATIENCE = 300.0


@dataclass
class Partners:
    """Who has an endpoint where, and when each event of those that are well was kept."""

    database: Database
    receivers: Receivers
    chance: random.Random = field(default_factory=lambda: random.Random(4))
    owners: list[Owner] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    kept: dict[str, float] = field(default_factory=dict)

    async def register(self, count: int) -> None:
        """So many partners with an endpoint each."""
        seal, rows = Seal(DEFAULT_SECRET), []
        for number in range(count):
            kind = DEAD[number // DEAD_SHARE % len(DEAD)] if number % DEAD_SHARE == 0 else "ok"
            owner = Owner(
                id=new_id(), kind=Role.PARTNER, name=f"Partner {number}", contact_email=None, created_at=utcnow(),
                world_id=None,
            )  # fmt: skip
            self.owners.append(owner)
            self.kinds.append(kind)
            rows.append(self._endpoint(seal, owner, self.receivers.url(kind, number)))
        async with self.database.write() as session:
            session.add_all(self.owners)
            await session.flush()
            await session.execute(insert(WebhookEndpoint), rows)

    def _endpoint(self, seal: Seal, owner: Owner, url: str) -> dict[str, Any]:
        id_ = new_id()
        return {
            "id": id_, "owner_id": owner.id, "world_id": None, "url": url, "description": None, "event_types": [],
            "status": EndpointStatus.ENABLED, "disabled_reason": None, "created_at": utcnow(),
            "sealed_secret": seal_secret(seal, id_, self.receivers.secret), "sealed_previous_secret": None,
            "previous_until": None, "failing_since": None, "retry_at": None, "failures": 0,
        }  # fmt: skip

    async def let_happen(self, count: int, *, together: int, rate: float | None = None) -> list[str]:
        """Record so many events, some in each transaction, at most so many a second; answers those that must come."""
        began, done, awaited = time.monotonic(), 0, []
        while done < count:
            some = min(together, count - done)
            async with self.database.write() as session:
                well = self._happen(session, some)
            self.kept.update(dict.fromkeys(well, time.monotonic()))
            awaited += well
            done += some
            if rate:
                await asyncio.sleep(max(0.0, began + done / rate - time.monotonic()))
        return awaited

    def _happen(self, session: AsyncSession, count: int) -> list[str]:
        work, well = Work(session=session, actor="bench", now=utcnow()), []
        for _ in range(count):
            which = self.chance.randrange(len(self.owners))
            id_ = self.owners[which].id
            told = PingData(endpoint_id=id_).model_dump(mode="json")
            event = work.record("webhook.ping", "webhook_endpoint", id_, owner_id=id_, **told)
            if self.kinds[which] == "ok":
                well.append(str(event.id))
        return well

    async def arrived(self, ids: list[str]) -> list[float]:
        """Wait until every one of them has come; answers how many milliseconds each took."""
        first = self.receivers.first
        async with asyncio.timeout(PATIENCE):
            while any(id_ not in first for id_ in ids):  # noqa: ASYNC110 - the receivers are busy enough
                await asyncio.sleep(0.05)
        return [max(0.0, first[id_] - self.kept[id_]) * 1000 for id_ in ids]
