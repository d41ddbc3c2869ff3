"""The outermost ASGI layer: what holds for every request, before and after the framework.

In order: a finished public answer is sent from memory; too long an address, too large a body or header section is
refused; HEAD is answered as GET without its body; and every answer gets its request id, CORS and security headers,
`Cache-Control: no-store` unless it says otherwise, a log line and a metric.

A request with credentials never takes the short way: a key that does not work is refused on every route.
"""

import asyncio
import os
import re
import traceback
from collections.abc import Callable
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.answers import Answers, Headers, choose_coding, matches
from app.core.clock import monotonic
from app.core.errors import (
    BadRequest,
    ContentTooLarge,
    HeadersTooLarge,
    Invalid,
    Problem,
    RequestTimeout,
    UnsupportedMediaType,
    URITooLong,
)
from app.core.metrics import Metrics
from app.core.nesting import DEPTH_LIMIT, is_too_deep

log = structlog.get_logger()

ADDRESS_LIMIT = 8_000
"""Longest path with query, in bytes."""
HEADER_LIMIT = 32_000
"""Largest header section, in bytes."""
BODY_SECONDS = 30.0
"""Time a client has to send its body."""
REQUEST_ID = re.compile(rb"^[A-Za-z0-9._~-]{8,80}$")
NOTED = frozenset(
    (
        b"accept",
        b"accept-encoding",
        b"authorization",
        b"if-none-match",
        b"x-api-key",
        b"x-request-id",
        b"content-encoding",
        b"content-length",
        b"content-type",
    )
)
EXPOSED = (
    b"ETag, Link, Location, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Toolkit-Edition, "
    b"Idempotent-Replayed, Content-Digest, Deprecation, Sunset"
)
SAFE_HEADERS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
CORS_HEADERS: Headers = [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", EXPOSED)]
PREFLIGHT_HEADERS: Headers = [
    (b"access-control-allow-headers", b"Content-Type, Idempotency-Key, X-Request-Id, X-Status-Token, If-None-Match"),
    (b"access-control-max-age", b"86400"),
]

Allowed = Callable[[str], list[str]]
"""The methods that an address knows; empty where there is no such address."""
Opened = Callable[[str, str], bool]
"""Whether pages of any origin may use a method on an address."""


class Door:
    """Wraps the application."""

    def __init__(
        self,
        app: ASGIApp,
        answers: Answers,
        metrics: Metrics,
        *,
        body_limit: Callable[[str, str], int],
        allowed: Allowed,
        opened: Opened,
        render: Callable[[Problem, str, str], tuple[Headers, bytes]],
    ) -> None:
        """`body_limit` knows the limit of a method and path; `render` writes a problem for a request path and id."""
        self.app, self.answers, self.metrics = app, answers, metrics
        self.body_limit, self.allowed, self.opened, self.render = body_limit, allowed, opened, render
        self._seed = os.urandom(5).hex().encode()
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        noted = {name: value for name, value in scope["headers"] if name in NOTED}
        request_id = noted.get(b"x-request-id")
        if request_id is None or not REQUEST_ID.match(request_id):
            # Unique in the process by its counter, between processes by its seed; cheaper than a UUID.
            self._count += 1
            request_id = b"%b-%x" % (self._seed, self._count)
        method = scope["method"]
        key = None
        if method in ("GET", "HEAD") and b"authorization" not in noted and b"x-api-key" not in noted:
            accept = noted.get(b"accept", b"")
            # Whoever takes anything is answered like who does not say; `application/json` is not the same everywhere.
            key = (scope["path"], scope["query_string"], b"" if accept == b"*/*" else accept)
            answer = self.answers.get(key)
            if answer is not None:
                coding = noted.get(b"accept-encoding")
                variant = answer.variant(choose_coding(coding) if coding else "")
                if variant.dressed is None:
                    more = [*CORS_HEADERS, *SAFE_HEADERS]
                    variant.dressed = [*variant.headers, *more], [*variant.not_modified, *more]
                condition = noted.get(b"if-none-match")
                if condition is not None and matches(condition, variant.etag):
                    headers, body, status = variant.dressed[1], b"", 304
                else:
                    headers, body, status = variant.dressed[0], b"" if method == "HEAD" else variant.body, 200
                named = [*headers, (b"x-request-id", request_id)]
                await send({"type": "http.response.start", "status": status, "headers": named})
                await send({"type": "http.response.body", "body": body})
                return
        await self._through(scope, receive, send, noted, request_id, key)

    async def _through(
        self, scope: Scope, receive: Receive, send: Send, noted: dict[bytes, bytes], request_id: bytes, key: Any
    ) -> None:
        """Let the framework answer, inside our limits."""
        began = monotonic()
        method, path = scope["method"], scope["path"]
        scope["pmhc.request_id"] = request_id.decode()
        if key is not None:
            scope["pmhc.keep"] = self.answers.keeper(key)
        status = 500
        ended = False

        async def dress(message: Message) -> None:
            nonlocal status, ended
            if message["type"] == "http.response.start":
                status = message["status"]
                headers: Headers = [*message["headers"], (b"x-request-id", request_id), *SAFE_HEADERS]
                names = {name for name, _ in headers}
                if b"cache-control" not in names:
                    headers.append((b"cache-control", b"no-store"))
                if self.opened(method, path):
                    headers += CORS_HEADERS
                message = {**message, "headers": headers}
            elif method == "HEAD":
                message = {**message, "body": b""}
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id.decode()):
                try:
                    if method == "OPTIONS" and (methods := self.allowed(path)):
                        await self._preflight(path, methods, dress)
                    else:
                        taken = await self._take_body(scope, receive, noted)
                        inner = {**scope, "method": "GET"} if method == "HEAD" else scope
                        await self.app(inner, taken, dress)
                        scope = inner
                except Problem as problem:
                    await self._refuse(problem, path, request_id, dress)
                except Exception as error:
                    log.error("request.failed", method=method, **where(error))  # noqa: TRY400 - no message, see where()
                    if not ended:
                        raise  # cut the connection: half an answer must not look whole
                self._note(scope, method, status, monotonic() - began)
        finally:
            structlog.contextvars.unbind_contextvars("request_id")

    async def _take_body(self, scope: Scope, receive: Receive, noted: dict[bytes, bytes]) -> Receive:
        """Read the whole body, within the limits: nothing behind us meets a partial or an endless one."""
        _check_head(scope)
        if scope["method"] in ("GET", "HEAD"):
            return receive
        limit = self.body_limit(scope["method"], scope["path"])
        too_large = ContentTooLarge(f"The body may have {limit} bytes.", limit_bytes=limit)
        if int(noted.get(b"content-length", b"0") or b"0") > limit:
            raise too_large
        if noted.get(b"content-encoding", b"identity").strip().lower() != b"identity":
            raise UnsupportedMediaType("Send the body uncompressed, without `Content-Encoding`.")
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        # What came is not what was meant, even where it can be read: no endpoint may see it.
                        raise BadRequest("The connection broke before the body was whole. Nothing was done.")
                    body += message.get("body", b"")
                    if len(body) > limit:
                        raise too_large
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            late = f"The body did not arrive within {BODY_SECONDS:.0f} seconds."
            raise RequestTimeout(late, headers={"Connection": "close"}) from None
        whole = bytes(body)
        if b"json" in noted.get(b"content-type", b"").lower() and is_too_deep(whole):
            told = f"At most {DEPTH_LIMIT} levels: so many objects and lists may lie inside one another."
            raise Invalid([{"pointer": "", "detail": told}])
        given = False

        async def once() -> Message:
            nonlocal given
            if not given:
                given = True
                return {"type": "http.request", "body": whole, "more_body": False}
            return await receive()

        return once

    async def _preflight(self, path: str, methods: list[str], send: Send) -> None:
        open_methods = [m for m in methods if self.opened(m, path)]
        headers: Headers = [(b"allow", ", ".join([*methods, "OPTIONS"]).encode())]
        if open_methods:
            headers += [(b"access-control-allow-methods", ", ".join(open_methods).encode()), *PREFLIGHT_HEADERS]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _refuse(self, problem: Problem, path: str, request_id: bytes, send: Send) -> None:
        headers, body = self.render(problem, path, request_id.decode())
        await send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _note(self, scope: Scope, method: str, status: int, seconds: float) -> None:
        route = scope.get("route")
        template = getattr(route, "path", None) or "none"
        known = method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"
        self.metrics.requests.labels(known, template, str(status)).inc()
        self.metrics.seconds.labels(known, template).observe(seconds)
        log.info("request", method=known, route=template, status=status, ms=round(seconds * 1000, 2))


def _check_head(scope: Scope) -> None:
    """Refuse too long an address and too large a header section."""
    if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > ADDRESS_LIMIT:
        raise URITooLong(f"The path and query together may have {ADDRESS_LIMIT} bytes.", limit_bytes=ADDRESS_LIMIT)
    if sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > HEADER_LIMIT:
        raise HeadersTooLarge(f"The header section may have {HEADER_LIMIT} bytes.", limit_bytes=HEADER_LIMIT)


def where(error: Exception) -> dict[str, Any]:
    """What failed and where, without the error's message: it may quote what a person typed."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/app/" in frame.filename or frame is frames[-1]]
    return {"cause": type(error).__name__, "trace": [f"{frame.filename[-60:]}:{frame.lineno}" for frame in ours]}
