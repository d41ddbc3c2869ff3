"""uvicorn's protocol, with a bound on what comes before a request is whole: so many bytes, so many seconds.

The door sees a request when its headers have all arrived. Until then only the protocol can refuse: a head without end
would fill memory, and one that never comes would hold a connection for good. What is no HTTP at all is refused here
too, as a problem document like any other refusal.
"""

import asyncio
import os
import re
from http import HTTPStatus
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.core.door import CORS_HEADERS, SAFE_HEADERS
from app.core.errors import BadRequest, HeadersTooLarge, Problem, RequestTimeout
from app.core.refusing import render

FOREIGN = re.compile(rb"[A-Z]+ [^\r\n]*[\x80-\xff]")
"""A request line with bytes that no address holds."""
HEAD_LIMIT = 65_536
"""Bytes of a request line and headers; the door refuses much less, and says more about it."""


class Wire(HttpToolsProtocol):
    """One connection."""

    head_seconds: ClassVar[float] = 20.0
    """Time in which a head must arrive, from its first byte, or from the opening of the connection."""
    _begun = False
    """Whether anything was ever said."""
    _head_open = True
    _head_bytes = 0
    _heads = 0
    """How many have arrived whole."""
    _timer: asyncio.TimerHandle | None = None
    _arrived = b""
    """What is being read."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what arrived, if it is not too much."""
        was_open, heads, self._begun, self._arrived = self._head_open, self._heads, True, data
        super().data_received(data)
        self._arrived = b""
        # Only what is head from end to end is counted: a body often arrives together with its head.
        if was_open and self._head_open and heads == self._heads and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT:
                told = f"The header section may have {HEAD_LIMIT} bytes."
                self._refuse(HeadersTooLarge(told, limit_bytes=HEAD_LIMIT))
                return
        # Nearly always a head is one packet, so nothing waits for it.
        if not self._head_open:
            self._wait_no_longer()
        elif self._timer is None and not self.transport.is_closing():
            self._timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def on_message_begin(self) -> None:
        """A request line begins."""
        self._head_open, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._head_open, self._heads = False, self._heads + 1
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        told = "This is no HTTP/1.1 request that can be read."
        if FOREIGN.match(self._arrived):
            told = "The address may hold ASCII only; percent-encode the rest: `é` is `%C3%A9`."
        self._refuse(BadRequest(told))

    def _too_slow(self) -> None:
        self._timer = None
        if self.transport.is_closing() or not self._head_open:
            return
        if not self._begun:
            self.transport.close()  # opened for later, as browsers do, and never used: there is nobody to tell
        else:
            self._refuse(RequestTimeout(f"The header section did not arrive within {self.head_seconds:.0f} seconds."))

    def _wait_no_longer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, problem: Problem) -> None:
        request_id = os.urandom(8).hex()
        headers, body = render(problem, "", request_id)
        # What the door puts on every answer: this one does not pass it.
        headers += [(b"x-request-id", request_id.encode()), (b"cache-control", b"no-store")]
        headers += [*CORS_HEADERS, *SAFE_HEADERS]
        lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n".encode()]
        lines += [name + b": " + value + b"\r\n" for name, value in [*headers, (b"connection", b"close")]]
        self.transport.write(b"".join([*lines, b"\r\n", body]))
        self.transport.close()
