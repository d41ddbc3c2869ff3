"""What is going to be removed from `/v1`, and how clients are told.

`tests/docs/surface.txt` holds everything that clients may rely on, a line each: operations, parameters, fields, values.
A line that the description no longer bears out fails the tests until it stands here, and it may only be gone after its
sunset, which lies at least `NOTICE` after its announcement. Until then every answer of the operations concerned carries
`Deprecation` (RFC 9745) and `Sunset` (RFC 8594), and such answers are not kept in memory, so none goes out without.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOTICE = timedelta(days=180)
"""The least time between the announcement of a removal and the removal."""


@dataclass(frozen=True, slots=True)
class Removal:
    """A promise that ends."""

    what: str
    """The line of `surface.txt`, such as `GET /v1/topics ?section` or `Topic.summary`."""
    operations: tuple[str, ...]
    """Whose answers tell of it, such as `GET /v1/topics/{slug}`."""
    announced: date
    sunset: date

    def __post_init__(self) -> None:
        """Refuse a notice that is too short."""
        if self.sunset - self.announced < NOTICE:
            raise ValueError(f"{self.what}: clients need {NOTICE.days} days between the announcement and the sunset")

    def headers(self) -> list[tuple[bytes, bytes]]:
        """What is sent until then."""
        announced, sunset = (datetime.combine(day, time(), UTC) for day in (self.announced, self.sunset))
        return [
            (b"deprecation", f"@{announced.timestamp():.0f}".encode()),
            (b"sunset", format_datetime(sunset, usegmt=True).encode()),
        ]


REMOVALS: tuple[Removal, ...] = ()


class Farewell:
    """Puts the headers on the answers of operations from which something will be removed."""

    def __init__(self, app: ASGIApp, removals: Iterable[Removal]) -> None:
        """Stand before `app`."""
        self.app = app
        self._leaving = [
            (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(operation)) + "$"), removal.headers())
            for removal in removals
            for operation in removal.operations
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; the answer tells."""
        asked = f"{scope.get('method')} {scope.get('path')}"
        more = next((headers for pattern, headers in self._leaving if pattern.match(asked)), None)
        if more is None:
            await self.app(scope, receive, send)
            return
        scope.pop("pmhc.keep", None)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self.app(scope, receive, told)
