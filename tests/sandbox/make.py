"""A stranger with a sandbox: everything over HTTP, by its own key."""

import itertools
from dataclasses import dataclass
from typing import Any

import httpx

from tests.tta.make import a_form

_count = itertools.count(1)
HOOK = "https://partner.example/hooks"


@dataclass
class Sandbox:
    """One sandbox, opened by its key."""

    client: httpx.AsyncClient
    key: str
    id: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.client.get(path, params=query, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any, status: int = 200) -> Any:
        headers = {**self.headers, "Idempotency-Key": f"sandbox-{next(_count)}"}
        answer = await self.client.post(path, json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def asks(self, **changes: Any) -> dict[str, Any]:
        return await self.post("/v1/tta-requests", a_form(**changes), 201)

    async def listens(self, *types: str) -> dict[str, Any]:
        return await self.post("/v1/webhook-endpoints", {"url": HOOK, "event_types": types}, 201)

    async def waits(self, by: str) -> dict[str, Any]:
        return await self.post("/v1/sandboxes/current/clock", {"advance": by})

    async def orders(self, request: str, action: str, status: int = 200, **more: Any) -> dict[str, Any]:
        return await self.post("/v1/sandboxes/current/desk", {"request": request, "action": action, **more}, status)

    async def inbox(self) -> list[dict[str, Any]]:
        return (await self.get("/v1/sandboxes/current/inbox"))["items"]

    async def mail(self) -> list[dict[str, Any]]:
        return (await self.get("/v1/sandboxes/current/mail"))["items"]


async def a_sandbox(client: httpx.AsyncClient) -> Sandbox:
    answer = await client.post("/v1/sandboxes")
    assert answer.status_code == 201, answer.text
    return Sandbox(client, answer.json()["key"], answer.json()["id"])
