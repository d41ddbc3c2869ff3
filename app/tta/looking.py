"""Who looks at which request: parameters that several endpoints share."""

from typing import Annotated

from fastapi import Depends, Header, Path, Request

from app.access.deps import allowed
from app.access.principal import Principal
from app.access.scopes import Scope
from app.core.errors import NotFound
from app.core.web import refuses
from app.tta.queries import Viewer, named

REQUEST_NAME = r"^([0-9a-fA-F-]{36}|[Tt][Tt][Aa]-\d{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4})$"
NOT_FOUND = "There is no such request that you may see. Send your key, or its status token in `X-Status-Token`."
Name = Annotated[
    str,
    Path(max_length=36, pattern=REQUEST_NAME, description="Its id, or its reference such as `TTA-2026-7K3Q-F9XA`."),
]
Token = Annotated[
    str | None,
    Header(
        alias="X-Status-Token", max_length=200, description="The status token of the receipt, for those without a key."
    ),
]


@refuses(NotFound)
async def _reader(caller: Annotated[Principal, allowed(Scope.TTA_READ, anonymous=True)], token: Token = None) -> Viewer:
    return Viewer(caller, token)


@refuses(NotFound)
async def _actor(
    request: Request,
    caller: Annotated[Principal, allowed(Scope.TTA_ACT, Scope.TTA_NOTE, Scope.TTA_SUBMIT, anonymous=True)],
    name: Name,
    token: Token = None,
) -> Viewer:
    viewer = Viewer(caller, token)
    # Before the body is looked at, so that nobody learns more of another's request than of none; and before a write
    # transaction opens, so that a stranger cannot hold SQLite's only one.
    async with request.app.state.database.read() as session:
        if await session.scalar(named(viewer, name)) is None:
            raise NotFound(NOT_FOUND)
    return viewer


Reader = Annotated[Viewer, Depends(_reader)]
"""Somebody who may read requests: with a key, or with the token of one."""
Actor = Annotated[Viewer, Depends(_actor)]
"""Somebody who may do something to the request that the path names."""
