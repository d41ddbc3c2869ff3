"""Changes that are made once, however often they are asked for: `Idempotency-Key` where no answer is kept.

The answers of these endpoints hold what people wrote, or a secret. Each of these lies in one place and is copied to no
other, so kept is only the id of what was done, and a repetition shows that again, as it is now.

    new key          -> taken before anything is done, in the same transaction
    known key        -> nothing is done; another body is 422
    change refused   -> the key went with the transaction, and is free
    at the same time -> the second waits for the first (`core.idempotency.remember`)
"""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy import update

from app.access.deps import Caller, Working
from app.core.bodies import digest_of, json_body
from app.core.idempotency import (
    REPLAYED,
    IdempotencyKeyReused,
    IdempotencyRow,
    RepeatKey,
    Use,
    remember,
    standing,
)
from app.core.web import refuses
from app.core.work import Work

REPEATABLE: dict[str, Any] = {"headers": {REPLAYED: {}}}
"""What the answer of such an endpoint declares."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a change: its transaction, and the key that names it, if there is one."""

    work: Work
    use: Use | None
    response: Response

    async def done_before(self) -> UUID | None:
        """What was done under this key, or None: then do it, and `note` it."""
        if self.use is None or not await remember(self.work.session, [self.use.row(self.work, 200, "")]):
            return None
        first = (await standing(self.work.session, [self.use]))[self.use.digest]
        done = UUID(self.use.replay(first).answer)
        self.response.headers[REPLAYED] = "true"
        return done

    async def note(self, done: UUID) -> None:
        """Keep, with the key, what was done under it."""
        if self.use:
            row = update(IdempotencyRow).where(IdempotencyRow.digest == self.use.digest)
            await self.work.session.execute(row.values(answer=str(done)))


@refuses(IdempotencyKeyReused)
async def _attempt(
    request: Request, response: Response, caller: Caller, work: Working, idempotency_key: RepeatKey = None
) -> Attempt:
    if idempotency_key is None:
        return Attempt(work, None, response)
    # Whoever holds a status token is the same person from any address.
    token = request.headers.get("x-status-token")
    secret = request.app.state.settings.secret.get_secret_value()
    whose = f"token {token}" if caller.anonymous and token else caller.known_as(secret)
    route = f"{request.method} {request.url.path}"
    return Attempt(work, Use.of(whose, route, idempotency_key, digest_of(await json_body(request))), response)


Once = Annotated[Attempt, Depends(_attempt, scope="function")]
"""In place of `Working`, on an endpoint that makes a change."""
