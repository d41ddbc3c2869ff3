"""Ready-made parameters for endpoints: who calls, what they must be allowed, and a unit of work.

- `caller: Caller` is anybody, anonymous too; a key that does not work was refused before (`gate.py`).
- `Desk = Annotated[Principal, allowed(Scope.TTA_ACT)]`, then `caller: Desk`: only keys with the scope.
  Several scopes mean any one of them. With `staff=True` partners are kept out, whatever their scopes. With
  `anonymous=True` those without a key are let in as well, and a key must still have the scope: what is open to the
  public is not open to a key that was made for something else.
- `work: Working` is one write transaction: opened after the key was checked in a session that is closed already,
  so a stranger can never hold SQLite's only write lock, and ended before the answer leaves.
- `now: Now` is the present instant in the caller's world, for endpoints that only read.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request

from app.access.principal import Principal
from app.access.scopes import Scope
from app.core.errors import Forbidden
from app.core.work import Work

PRINCIPAL = "pmhc.principal"
"""Where `gate.py` leaves the caller in the ASGI scope."""


async def _caller(request: Request) -> Principal:
    principal: Principal = request.scope[PRINCIPAL]
    return principal


Caller = Annotated[Principal, Depends(_caller)]


class Guard:
    """Lets through who has one of the scopes; a class, so that the scopes can be read from the route."""

    def __init__(self, scopes: tuple[Scope, ...], *, anonymous: bool, staff: bool) -> None:
        """Keep what is needed."""
        self.scopes, self.anonymous, self.staff = scopes, anonymous, staff

    async def __call__(self, request: Request) -> Principal:
        """The caller, or 401 or 403."""
        principal: Principal = request.scope[PRINCIPAL]
        if not (self.anonymous and principal.anonymous):
            principal.demand(*self.scopes)
            if self.staff and not principal.staff:
                raise Forbidden("Only staff may do this.")
        return principal


def allowed(*scopes: Scope, anonymous: bool = False, staff: bool = False) -> Any:
    """A dependency that gives the caller if the key has one of the scopes."""
    return Depends(Guard(scopes, anonymous=anonymous, staff=staff))


async def _now(request: Request, caller: Caller) -> datetime:
    present: datetime = request.app.state.clock() + caller.offset
    return present


Now = Annotated[datetime, Depends(_now)]


@asynccontextmanager
async def open_work(request: Request, caller: Principal, now: datetime) -> AsyncIterator[Work]:
    """One write transaction in the caller's name; the worker is woken when it was kept."""
    state = request.app.state
    async with state.database.write() as session:
        yield Work(
            session=session,
            actor=caller.actor,
            now=now,
            request_id=request.scope.get("pmhc.request_id"),
            world_id=caller.world_id,
        )
    state.wake()


async def _work(request: Request, caller: Caller, now: Now) -> AsyncIterator[Work]:
    async with open_work(request, caller, now) as work:
        yield work


# scope="function": the transaction ends before the answer leaves, so 201 means written.
Working = Annotated[Work, Depends(_work, scope="function")]
