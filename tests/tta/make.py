"""What the desk's tests are made of: a form, a partner, staff, and short words for calls."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.access.make import a_key, an_owner

_count = itertools.count(1)


def a_form(**changes: Any) -> dict[str, Any]:
    """A request as a front end would send it, with little more than what is needed."""
    return {
        "contact": {"name": "Jo Doe", "email": "jo.doe@springfield.gov", "phone": "410-555-0100"},
        "agency": {"name": "Springfield Police Department", "type": "municipal_police", "state": "IL"},
        "topics": ["cit-training"],
        "description": "We want to begin CIT training and would like to see how a city of our size did it.",
        **changes,
    }


@dataclass
class Person:
    """Somebody with a key, or without one."""

    client: httpx.AsyncClient
    key: str | None = None
    owner_id: str | None = None
    token: str | None = field(default=None, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        if self.key:
            return {"X-Api-Key": self.key}
        return {"X-Status-Token": self.token} if self.token else {}

    async def get(self, path: str, **options) -> httpx.Response:
        return await self.client.get(path, headers=self.headers, **options)

    async def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return await self.client.post(path, json=body, headers={**self.headers, **headers})

    async def ask(self, key: str | None = None, dry_run: bool = False, **changes: Any) -> httpx.Response:
        """Send a form; a new idempotency key unless one is given."""
        headers = {"Idempotency-Key": key or f"try-{next(_count)}"}
        path = "/v1/tta-requests" + ("?dry_run=true" if dry_run else "")
        return await self.post(path, a_form(**changes), **headers)

    async def asks(self, **changes: Any) -> str:
        """Send a form; the id of the request."""
        answer = await self.ask(**changes)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def act(self, id_: str, action: str, **more: Any) -> httpx.Response:
        return await self.post(f"/v1/tta-requests/{id_}/actions", {"action": action, **more})

    async def does(self, id_: str, action: str, **more: Any) -> dict[str, Any]:
        answer = await self.act(id_, action, **{**MORE.get(action, {}), **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def sees(self, id_: str) -> dict[str, Any]:
        answer = await self.get(f"/v1/tta-requests/{id_}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def timeline(self, id_: str) -> list[dict[str, Any]]:
        answer = await self.get(f"/v1/tta-requests/{id_}/timeline", params={"limit": 200})
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]


MORE: dict[str, dict[str, Any]] = {
    "confirm": {"helper": "Maria Lopez", "next_step": "Maria calls you on Thursday."},
    "ask": {"question": "How many officers would take part?"},
    "answer": {"answer": "Twelve."},
    "hold": {"reason": "waiting_for_funds"},
    "match": {"sites": ["houston-police-department"], "next_step": "We write to you both."},
    "schedule": {"starts_at": "2027-03-16T14:00:00Z", "ends_at": "2027-03-17T20:00:00Z", "mode": "site_visit"},
    "evaluate": {"helped": 5, "in_time": 4, "better": "Nothing."},
    "decline": {"reason": "out_of_scope", "explanation": "We give advice, not equipment."},
    "refer": {"reason": "bja_nttac", "explanation": "They know courts."},
    "apologise": {"new_due_at": "2027-01-01T00:00:00Z", "message": "We were ill."},
}
"""The least that each action takes."""


async def a_partner(world, name: str = "Springfield Police Department") -> Person:
    owner = await an_owner(world, "partner", name)
    return Person(world.client, await a_key(world, owner=owner), str(owner.id))


async def a_member_of_staff(world, name: str = "Maria Lopez", **options: Any) -> Person:
    owner = await an_owner(world, "staff", name)
    return Person(world.client, await a_key(world, owner=owner, **options), str(owner.id))


def plain(letter) -> str:
    return " ".join(next(letter.iter_parts()).get_content().split())


def texts(world, words: str) -> list[str]:
    """The letters whose subject has these words."""
    return [plain(letter) for letter in world.letters() if words in letter["Subject"]]
