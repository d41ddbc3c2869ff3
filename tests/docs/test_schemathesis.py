"""Schemathesis reads the description, asks everything it can think of, and finds nothing.

Bounded: the same questions in every run, and not many for each operation. What is open to anyone is asked without a
key, what needs one with a key that may do everything. What the description cannot say is told here, with its reason.
"""

import asyncio
import copy
import itertools
import re
from collections import defaultdict

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.engine import events, from_schema
from schemathesis.openapi.checks import RejectedPositiveData

from app.core.words import SLUG_OF
from app.docs.tidy import walk
from app.main import create_app
from tests.access.make import a_key, an_owner
from tests.make import MovableClock, Templates, running, seed_documents, settings_for

CONFIG = {
    "seed": 1,
    "generation": {"deterministic": True, "max-examples": 6, "database": "none"},
    "phases": {"stateful": {"enabled": False}},  # there are no links: stories are told by other tests
}
NOT_ASKED = {
    "streamEvents": "it has no end, and Schemathesis reads its events as objects where OpenAPI 3.1 can only say text",
}
"""Operations that are not asked, and why."""
pytestmark = pytest.mark.timeout(400)
FORMS = {"POST /v1/tta-requests", "POST /v1/contact-submissions"}
"""Filled in by people: blanks are trimmed, an empty field is an absent one, addresses and telephone numbers are judged
by libraries. Whether they take what a schema takes, and nothing else, is not asked; everything else is."""
VERDICTS = (RejectedPositiveData, AcceptedNegativeData)


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    return asyncio.run(Templates("sqlite", tmp_path_factory.mktemp("schemathesis"), None).create(seeded=True))


@pytest.fixture(scope="module")
def door(url):
    # The worker runs inside, or readiness would rightly be refused.
    return create_app(settings_for(url, worker="inline"), clock=MovableClock())


def described(door):
    """The description, with the slugs that exist where it can only say that a slug must exist."""
    document = copy.deepcopy(door.app.openapi())
    slugs = defaultdict(list)
    for kind, slug in seed_documents():
        slugs[kind].append(slug)
    for node in walk(document):
        if kind := node.pop(SLUG_OF, None):
            absent = [None] if "null" in node.get("type", ()) else []
            node.clear()
            node |= {"type": ["string", "null"] if absent else "string", "enum": slugs[kind] + absent}
        if (kind := node.get("x-options")) in slugs:
            node["items"] = {"type": "string", "enum": slugs[kind]}
    return document


def is_open(context) -> bool:
    return {} in context.operation.definition.raw.get("security", [{}])


def name_of(context) -> str:
    return context.operation.definition.raw["operationId"]


def found(door, *, only, headers=None) -> list[str]:
    """What Schemathesis complains of."""
    schema = schemathesis.openapi.from_dict(
        described(door), config=SchemathesisConfig.from_dict({**CONFIG, "headers": headers or {}})
    ).include(lambda context: only(context) and name_of(context) not in NOT_ASKED)
    schema.app, schema.location = door, "/openapi.json"
    complaints, asked = [], 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            asked += len(event.recorder.cases)
            for case, checks in event.recorder.checks.items():
                answer = event.recorder.interactions[case].response
                for check in checks:
                    failure = check.failure_info and check.failure_info.failure
                    if failure and not (event.recorder.label in FORMS and isinstance(failure, VERDICTS)):
                        told = f"{event.recorder.label}: {failure.title}: {failure.message}"
                        content = answer.content[:1000] if answer and answer.content else b""
                        complaints.append(f"{told}\n    {check.failure_info.code_sample}\n    {content!r}")
        elif isinstance(event, events.NonFatalError):
            complaints.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    assert asked > 10
    return complaints


_attempts = itertools.count()


@schemathesis.hook("before_call")
def keep_rules_of_two_values(_context, case, _kwargs) -> None:
    """A description says what each value may be, not that one needs or limits another, or that a thing must exist."""
    query = case.query or {}
    query.update(readable(dict(query)))
    if query.get("include") and str(query.get("limit", "")).isdigit() and 50 < int(query["limit"]) <= 200:
        query["limit"] = 50
    if "radius_km" in query and "near" not in query:
        query["near"] = "29.76,-95.37"
    if re.fullmatch("[A-Za-z0-9_-]{1,400}", str(query.get("cursor", ""))):
        del query["cursor"]  # one that the server did not write is refused
    for name in ("since", "until", "due_before"):  # no schema can say that an instant is of our time
        if name in query:
            query[name] = re.sub(r"^\d{4}", "2027", str(query[name]))
    key = (case.headers or {}).get("Idempotency-Key", "")
    if re.fullmatch("[!-~]{1,200}", key):  # one that was sent with another body is refused
        case.headers["Idempotency-Key"] = f"{key[:180]}-{next(_attempts)}"
    case.body = readable(case.body)
    if isinstance(case.body, dict):
        if case.body.get("sworn_officers") and case.body.get("size"):
            del case.body["size"]
        for name, (form, present) in EXISTING.items():
            if re.fullmatch(form, str(case.body.get(name))):
                case.body[name] = present


def readable(value):
    """Without control characters: they are refused everywhere, and no schema says so."""
    if isinstance(value, str):
        return re.sub("[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "x", value)
    if isinstance(value, list):
        return [readable(part) for part in value]
    return {key: readable(part) for key, part in value.items()} if isinstance(value, dict) else value


EXISTING: dict[str, tuple[str, str]] = {"expires_at": (r"\d{4}-\d\d-\d\dT.*", "2031-01-01T00:00:00Z")}
"""Fields of bodies whose well-formed values are replaced by one that will do."""


def test_what_is_open_to_anyone_is_as_described(door):
    assert found(door, only=is_open) == []


def test_what_needs_a_key_is_as_described(door, url):
    async def make_key():
        async with running(url) as world:
            owner = await an_owner(world, "staff")
            return owner, await a_key(world, owner=owner)

    owner, key = asyncio.run(make_key())
    EXISTING["owner_id"] = (r"[0-9a-fA-F-]{36}", str(owner.id))
    headers = {"Authorization": f"Bearer {key}"}
    assert found(door, only=lambda c: not is_open(c), headers=headers) == []
