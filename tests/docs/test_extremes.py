"""What some database cannot keep is refused by all: a NUL, and instants at the ends of the calendar."""

import copy
import json

from app.docs.tidy import walk
from tests.access.make import a_key

NUL = "\x00"
ENDS = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
"""Written as instants, and told in UTC by nobody."""


def takes_text(parameter) -> bool:
    return any("string" in str(node.get("type")) for node in walk(parameter["schema"]))


def leaves(value, path=()):
    """Where strings stand in a document."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*path, key))


def spoilt(body, path):
    """The body with a NUL in one string."""
    made = copy.deepcopy(body)
    place = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] += NUL
    return made


def operations(document):
    for path, found in document["paths"].items():
        for method, operation in found.items():
            if method != "parameters":
                yield path, method, operation


def address(path, operation) -> str:
    """The path with something well-formed in each place."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            numeric = parameter["schema"].get("type") == "integer"
            some = "1" if numeric else "01a208c4-feda-7120-8306-f3cb06d19a56"
            path = path.replace(f"{{{parameter['name']}}}", some)
    return path


async def ask(world, method, path, **options) -> int:
    answer = await world.client.request(method, path, **options)
    return answer.status_code


async def headers_for(world):
    return [{"Authorization": f"Bearer {await a_key(world, role)}"} for role in ("staff", "partner")]


async def test_a_nul_in_a_query_is_refused(world, document):
    passed, asked = [], 0
    callers = await headers_for(world)
    for path, method, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter["in"] != "query" or not takes_text(parameter):
                continue
            for headers in callers:
                query = {parameter["name"]: f"a{NUL}"}
                status = await ask(world, method, address(path, operation), params=query, headers=headers)
                asked += 1
                if not 400 <= status < 500:
                    passed.append((path, parameter["name"], status))
    assert asked > 40
    assert passed == []


async def test_a_nul_in_a_path_is_refused(world, document):
    passed = []
    callers = await headers_for(world)
    for path, method, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path":
                there = address(path.replace(f"{{{parameter['name']}}}", "a%00"), operation)
                for headers in callers:
                    status = await ask(world, method, there, headers=headers)
                    if not 400 <= status < 500:
                        passed.append((path, parameter["name"], status))
    assert passed == []


async def test_a_nul_in_a_body_is_refused(world, document):
    passed, asked = [], 0
    callers = await headers_for(world)
    box = (await world.client.post("/v1/sandboxes")).json()["key"]
    for path, method, operation in operations(document):
        examples = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("examples", {})
        for example in examples.values():
            body = example["value"]
            for leaf in leaves(body):
                for headers in [{"X-Api-Key": box}] if "sandboxes" in path else callers:
                    sent = json.dumps(spoilt(body, leaf)).encode()
                    more = {"Content-Type": "application/json", "Idempotency-Key": "nul"}
                    there = address(path, operation)
                    status = await ask(world, method, there, content=sent, headers={**headers, **more})
                    asked += 1
                    if not 400 <= status < 500:
                        passed.append((path, leaf, status))
    assert asked > 80
    assert passed == []


async def test_an_instant_at_the_ends_of_the_calendar_is_refused(world, document):
    passed, asked = [], 0
    callers = await headers_for(world)
    for path, method, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if not any(node.get("format") == "date-time" for node in walk(parameter["schema"])):
                continue
            for instant in ENDS:
                for headers in callers:
                    query = {parameter["name"]: instant}
                    status = await ask(world, method, address(path, operation), params=query, headers=headers)
                    asked += 1
                    if not 400 <= status < 500:
                        passed.append((path, parameter["name"], status))
    assert asked >= 12
    assert passed == []
