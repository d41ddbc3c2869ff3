"""A partner's story, from its first key to delivered help: each step is one call, and each call is run.

`STORY` is data, so that the documentation can print what this test runs. `{name}` in a path or body is what an earlier
step saved from its answer; `who` says whose key is sent.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from app.access.models import Role
from tests.access.make import a_key, an_owner


@dataclass(frozen=True)
class Call:
    """One step."""

    told: str
    who: str
    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    expect: dict[str, Any] = field(default_factory=dict)
    """Members of the answer, by dotted path."""
    saves: dict[str, str] = field(default_factory=dict)
    """Names for later steps, and where in the answer they are."""
    before: dict[str, float] = field(default_factory=dict)
    """How long passes before this step."""


REQUEST = {
    "contact": {"name": "Jo Doe", "title": "Training sergeant", "email": "jo.doe@springfield.gov"},
    "agency": {"name": "Springfield Police Department", "type": "municipal_police", "state": "IL", "size": "100_499"},
    "kind": "visit",
    "topics": ["cit-training"],
    "program_types": ["co-responder-team"],
    "description": "We start a co-responder team and would like to see how another city shares information at night.",
    "delivery_modes": ["site_visit"],
    "group_size": 4,
    "travel": {"needed": True, "travellers": 4, "who": "Two officers, a nurse and a dispatcher."},
    "external_ref": "SPD-2026-0147",
}
KEY = {"Idempotency-Key": "spd-0147-first-try"}
STORY = (
    Call("Staff make you a key; it is shown this once.", "staff", "POST", "/v1/keys",
         {"owner_id": "{partner_id}", "label": "Case system"}, status=201, saves={"partner": "key"}),
    Call("Ask who you are and what your key may do.", "partner", "GET", "/v1/whoami",
         expect={"kind": "partner"}),
    Call("Get the form, as a schema that you can draw.", "partner", "GET", "/v1/tta-requests/form",
         expect={"submit.href": "/v1/tta-requests"}),
    Call("Try your request out: nothing is written, and you see which sites would fit.", "partner", "POST",
         "/v1/tta-requests?dry_run=true", REQUEST, KEY, expect={"verdict": "accepted"}),
    Call("Send it. 201 means that it is kept, and that the 36 hours run.", "partner", "POST", "/v1/tta-requests",
         REQUEST, KEY, 201, {"status": "submitted", "clock.state": "running", "clock.remaining_seconds": 129600},
         {"id": "id", "receipt": "receipt"}),
    Call("The answer was lost on the way? Send the same again and get the first answer.", "partner", "POST",
         "/v1/tta-requests", REQUEST, KEY, 201, {"id": "{id}", "receipt": "{receipt}"}),
    Call("Keep our public keys with the receipt: with both, anybody can check what we promised.", "partner", "GET",
         "/.well-known/jwks.json"),
    Call("The desk sees what is due next.", "staff", "GET", "/v1/tta-requests?status=submitted&sort=due_at",
         expect={"items.0.id": "{id}"}, before={"hours": 20}),
    Call("Somebody takes it in hand.", "staff", "POST", "/v1/tta-requests/{id}/actions", {"action": "claim"},
         expect={"in_hand.assignee": "Maria Lopez"}),
    Call("A person confirms it: who will help, and what happens next.", "staff", "POST",
         "/v1/tta-requests/{id}/actions",
         {"action": "confirm", "helper": "Maria Lopez", "next_step": "Maria calls Jo on Thursday."},
         expect={"status": "confirmed", "clock.state": "met"}),
    Call("You hear of it at once, by webhook or from the feed of your events.", "partner", "GET",
         "/v1/events?after=0", expect={"items.1.type": "tta.submitted", "items.1.subject.id": "{id}"}),
    Call("The desk needs to know more; the clock of the match stands still.", "staff", "POST",
         "/v1/tta-requests/{id}/actions", {"action": "ask", "question": "Which nights would suit you?"},
         expect={"status": "needs_information", "promises.1.state": "paused"}),
    Call("You read the question in the timeline.", "partner", "GET", "/v1/tta-requests/{id}/timeline"),
    Call("You answer.", "partner", "POST", "/v1/tta-requests/{id}/actions",
         {"action": "answer", "answer": "Any night but Sunday."}, expect={"status": "confirmed"}, before={"days": 2}),
    Call("A learning site is found, with the reasons why it fits.", "staff", "POST", "/v1/tta-requests/{id}/actions",
         {"action": "match", "sites": ["houston-police-department"], "next_step": "We write to you both."},
         expect={"status": "matched", "promises.1.state": "met", "matched.sites.0.slug": "houston-police-department"}),
    Call("You write to the desk.", "partner", "POST", "/v1/tta-requests/{id}/messages",
         {"words": "Thank you. April would suit us best."}, {"Idempotency-Key": "april"}, 201,
         saves={"message": "items.0.id"}),
    Call("Messages and actions take an `Idempotency-Key` too: sent again with the same one, nothing is done twice.",
         "partner", "POST", "/v1/tta-requests/{id}/messages", {"words": "Thank you. April would suit us best."},
         {"Idempotency-Key": "april"}, 201, {"items.0.id": "{message}"}),
    Call("A time is fixed.", "staff", "POST", "/v1/tta-requests/{id}/actions",
         {"action": "schedule", "starts_at": "2027-04-13T22:00:00Z", "ends_at": "2027-04-15T04:00:00Z",
          "mode": "site_visit", "site": "houston-police-department"},
         expect={"status": "scheduled", "scheduled.starts_at": "2027-04-13T22:00:00Z"}),
    Call("The visit begins.", "staff", "POST", "/v1/tta-requests/{id}/actions", {"action": "start"},
         expect={"status": "in_progress"}, before={"days": 138}),
    Call("Help was delivered.", "staff", "POST", "/v1/tta-requests/{id}/actions",
         {"action": "deliver", "note": "Two nights with the co-responder team."}, expect={"status": "delivered"},
         before={"days": 2}),
    Call("You tell us how it was, in three answers.", "partner", "POST", "/v1/tta-requests/{id}/actions",
         {"action": "evaluate", "helped": 5, "in_time": 4, "better": "Send the reading list earlier."},
         expect={"status": "closed", "allowed_actions": []}),
    Call("Everything that happened is in the timeline, with who, when and why.", "partner", "GET",
         "/v1/tta-requests/{id}/timeline", expect={"items.0.type": "tta.submitted"}),
)  # fmt: skip


def filled(value: Any, saved: dict[str, Any]) -> Any:
    """A value with what earlier steps saved."""
    if isinstance(value, str):
        return re.sub(r"{(\w+)}", lambda found: str(saved[found[1]]), value)
    if isinstance(value, dict):
        return {name: filled(part, saved) for name, part in value.items()}
    return [filled(part, saved) for part in value] if isinstance(value, list) else value


def member(told: Any, path: str) -> Any:
    """What stands at a dotted path of an answer."""
    for name in path.split("."):
        told = told[int(name)] if isinstance(told, list) else told[name]
    return told


async def test_the_partners_story_from_first_key_to_delivered_help(world):
    partner = await an_owner(world, Role.PARTNER, "Springfield case system")
    maria = await an_owner(world, Role.STAFF, "Maria Lopez")
    keys = {"staff": await a_key(world, owner=maria)}
    saved: dict[str, Any] = {"partner_id": str(partner.id)}
    for call in STORY:
        world.clock.advance(**call.before)
        await world.drain()
        headers = {"X-Api-Key": keys.get(call.who) or saved[call.who], **call.headers}
        body = {} if call.body is None else {"json": filled(call.body, saved)}
        answer = await world.client.request(call.method, filled(call.path, saved), headers=headers, **body)
        assert answer.status_code == call.status, (call.told, answer.text)
        told = answer.json()
        for path, expected in call.expect.items():
            assert member(told, path) == filled(expected, saved), (call.told, path)
        saved |= {name: member(told, path) for name, path in call.saves.items()}
