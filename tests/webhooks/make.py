"""A partner's receiver: a real HTTP server on the loopback, which answers as it was told and remembers what came."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from app.core.work import Work


@dataclass
class Receiver:
    """Remembers every request; answers `status`, or what `script` says for the next ones."""

    port: int = 0
    status: int = 204
    script: list[int | str] = field(default_factory=list)
    headers: str = ""
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is clear, a request that was scripted `hang` waits."""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.came]

    async def until(self, condition) -> None:
        """Wait for arrivals until the condition holds of the ids that have come."""
        while not condition(set(self.ids)):
            self.news.clear()
            await self.news.wait()

    async def serve(self, reader, writer):
        try:
            await self.answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionResetError):
            writer.close()  # who called was killed

    async def answer(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {n.lower(): v for n, v in (line.split(": ", 1) for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.came.append((headers, body))
        self.news.set()
        todo = self.script.pop(0) if self.script else self.status
        if todo == "hang":
            await self.open.wait()
            todo = self.status
        if todo != "close":
            told = f"HTTP/1.1 {todo} X\r\ncontent-length: 2\r\nconnection: close\r\n{self.headers}\r\nok"
            if todo == 204:
                told = f"HTTP/1.1 204 X\r\nconnection: close\r\n{self.headers}\r\n"
            writer.write(told.encode())
            await writer.drain()
        writer.close()


@asynccontextmanager
async def receiver(**options):
    made = Receiver(**options)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.open.set()
        server.close()


HAPPENS = "key.revoked"
"""The type of what happens: thin, and for every endpoint of its owner."""


async def happen(world, owner, *, n=1, world_id=None) -> list[str]:
    """Let something happen that concerns an owner; answers the events' ids."""
    told = {"prefix": "pmhc_test", "status_before": "active", "status": "revoked"}
    async with world.database.write() as session:
        work = Work(session, actor="test", now=world.clock(), world_id=world_id)
        return [str(work.record(HAPPENS, "key", owner.id, owner_id=owner.id, **told).id) for _ in range(n)]


async def register(desk, auth, url, **more):
    answer = await desk.client.post("/v1/webhook-endpoints", json={"url": url, **more}, headers=auth)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def deliveries(desk, auth, **query):
    return (await desk.client.get("/v1/deliveries", headers=auth, params=query)).json()["items"]
