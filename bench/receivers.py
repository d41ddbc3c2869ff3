"""Partners' receivers: one small server on the loopback that notes what comes for whom, and places that are dead.

An endpoint is a path. `/ok/…` is answered 204 at once; `/error/…` is answered 500; `/hang/…` is read and never
answered. A fourth port is closed, so whoever connects to it is refused.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from standardwebhooks.webhooks import Webhook

from bench.machine import free_port

ANSWERS = {"ok": b"HTTP/1.1 204 No Content\r\n\r\n", "error": b"HTTP/1.1 500 X\r\ncontent-length: 2\r\n\r\nno"}
SAMPLE = 50
"""Of so many webhooks one is verified."""


@dataclass
class Receivers:
    """What came, of those that answer well: when each event first came, and how often anything came at all."""

    secret: str
    port: int = 0
    closed: int = 0
    first: dict[str, float] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    """Where each event came, by its id."""
    came: int = 0
    verified: int = 0
    faults: list[str] = field(default_factory=list)

    def url(self, kind: str, number: int) -> str:
        """The address of an endpoint: `ok`, `error`, `hang` or `refuse`."""
        return f"http://127.0.0.1:{self.closed if kind == 'refuse' else self.port}/{kind}/{number}"

    def note(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """Take one webhook of those that answer well."""
        now, id_ = time.monotonic(), headers["webhook-id"]
        self.came += 1
        if self.came % SAMPLE == 0:
            Webhook(self.secret).verify(body, headers)
            self.verified += 1
            if json.loads(body)["id"] != id_:
                self.faults.append(f"{id_} is not the id in its body")
        if self.paths.setdefault(id_, path) != path:
            self.faults.append(f"{id_} came at {path} and at {self.paths[id_]}")
        self.first.setdefault(id_, now)


class _Connection(asyncio.Protocol):
    def __init__(self, receivers: Receivers) -> None:
        self.receivers, self.buffer = receivers, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            first, *lines = self.buffer[:end].decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            whole = end + 4 + int(headers["content-length"])
            if len(self.buffer) < whole:
                return
            body, self.buffer = self.buffer[end + 4 : whole], self.buffer[whole:]
            path = first.split(" ")[1]
            kind = path.split("/")[1]
            if kind == "ok":
                self.receivers.note(path, headers, body)
            if kind in ANSWERS:
                self.transport.write(ANSWERS[kind])  # type: ignore[attr-defined]


@asynccontextmanager
async def receiving(secret: str) -> AsyncIterator[Receivers]:
    """Receivers, for as long as the block lasts."""
    made = Receivers(secret, closed=free_port())
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(made), "127.0.0.1", 0, backlog=1000)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
