"""The gate: who calls is settled before the framework looks at anything.

It stands between the door and the framework, not in a dependency, because the framework reads the body and the
parameters before it asks dependencies: a revoked key with a malformed body would be told about the body, and an
address that does not exist would not look at the key at all. A key that does not work is 401 on every address.

Requests answered from memory at the door never come here: the door lets nobody with credentials take the short way.
Everything else is counted here against one limit (`policies.py`), refused keys against the address they came from.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.addresses import Network, client_of
from app.access.deps import PRINCIPAL
from app.access.keyring import Keyring, refusal
from app.access.limiter import Limiter, Standing
from app.access.policies import Per, Policies, policy_name
from app.access.principal import ANONYMOUS, Principal
from app.core.clock import Clock
from app.core.errors import Problem, Unauthenticated
from app.core.refusing import from_database, render


class Gate:
    """Finds out who calls, refuses whose key does not work, and counts."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        keyring: Keyring,
        limiter: Limiter,
        policies: Policies,
        trusted: Sequence[Network],
        clock: Clock,
    ) -> None:
        """Stand before `app`."""
        self.app, self._keyring, self._limiter = app, keyring, limiter
        self._policies, self._trusted, self._clock = policies, trusted, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through with its principal, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            principal = await self._principal(scope)
            standing = await self._count(principal, scope["method"], scope["path"])
        except Problem as problem:
            await refuse(problem, scope, send)
            return
        scope[PRINCIPAL] = principal
        await self.app(scope, receive, send if standing is None else _telling(standing, send))

    async def _principal(self, scope: Scope) -> Principal:
        peer = (scope.get("client") or (None,))[0]
        forwarded = (value for name, value in scope["headers"] if name == b"x-forwarded-for")
        client = client_of(peer, forwarded, self._trusted)
        try:
            text = credential(scope["headers"])
            if text is None:
                return replace(ANONYMOUS, client=client)
            return replace(await self._keyring.holder(text, self._clock()), client=client)
        except Unauthenticated as refused:
            standing = await self._limiter.take(self._policies["anonymous"], client)
            if standing.refused:
                raise standing.refusal() from refused
            refused.sent_headers.update((name.decode(), value.decode()) for name, value in standing.headers())
            raise
        except (DBAPIError, PoolTimeout, OSError) as error:
            raise from_database(error) from error

    async def _count(self, principal: Principal, method: str, path: str) -> Standing | None:
        name = policy_name(principal.kind, method, path)
        if name is None:
            return None
        policy = self._policies[name]
        who = principal.client if policy.per is Per.CLIENT else str(principal.world_id or principal.owner_id)
        standing = await self._limiter.take(policy, who)
        if standing.refused:
            raise standing.refusal()
        return standing


def _telling(standing: Standing, send: Send) -> Send:
    """Put the limit's headers on the answer, whatever it is."""

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *standing.headers()]}
        await send(message)

    return told


def credential(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The one key that a request carries, in either header; None when it carries none."""
    found: set[str] = set()
    for name, value in headers:
        if name == b"x-api-key":
            found.add(value.decode("latin-1").strip())
        elif name == b"authorization":
            scheme, _, rest = value.decode("latin-1").strip().partition(" ")
            if scheme.lower() != "bearer":
                raise refusal("scheme", "Send the key as `Authorization: Bearer pmhc_…`; no other scheme is read.")
            found.add(rest.strip())
    if len(found) > 1:
        raise refusal("conflict", "The request carries two different keys; send one.")
    return found.pop() if found else None


async def refuse(problem: Problem, scope: Any, send: Send) -> None:
    """Send a problem in place of the framework's answer."""
    headers, body = render(problem, scope["path"], scope.get("pmhc.request_id", ""))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
