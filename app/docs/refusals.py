"""What every operation may answer beside success, said once: nothing that can happen is left out, nothing else is said.

A refusal is declared in one of three places, each next to the rule that refuses:

1. here, for what holds for every request (the door's limits, unknown parameters, our own faults) or for every body;
2. on a dependency, by `core.web.refuses`: every route that uses it may refuse so;
3. on a route, by `responses=problems(...)`.

Those that many operations share word for word become `components/responses`; the others stay with their operation.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext

from app.access.deps import Guard
from app.core.errors import (
    BadRequest,
    ContentTooLarge,
    Forbidden,
    HeadersTooLarge,
    Invalid,
    Problem,
    RequestTimeout,
    ServerError,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
    URITooLong,
    kinds,
)
from app.core.refusing import PROBLEM_JSON
from app.core.web import NEEDS_KEY, REFUSALS
from app.docs.headers import ON_EVERY_ANSWER, of_problem

ALWAYS: tuple[type[Problem], ...] = (
    Unauthenticated, URITooLong, Invalid, TooManyRequests, HeadersTooLarge, ServerError, Unavailable,
)  # fmt: skip
"""On every route a key that does not work is refused, a request too many, and a parameter that does not exist."""
NOT_READING: tuple[type[Problem], ...] = (RequestTimeout, ContentTooLarge, UnsupportedMediaType)
"""Whatever does more than read may be sent a body, if none is wanted too: one that is slow, too large, compressed."""
WITH_BODY: tuple[type[Problem], ...] = (BadRequest,)
SCHEMA = {"$ref": "#/components/schemas/Problem"}

Kinds = list[type[Problem]]


def complete(document: dict[str, Any], contexts: Iterable[RouteContext]) -> None:
    """Declare every refusal of every operation, in the order of their statuses, and the key that it needs."""
    by_slug = {kind.slug(): kind for kind in kinds()}
    routes = {(c.path_format, m.lower()): c for c in contexts if c.methods for m in c.methods}
    shared: dict[str, Any] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            calls = list(_calls(routes[path, method].dependant))
            responses = operation["responses"]
            found = _declared(responses, by_slug)
            body = WITH_BODY if "requestBody" in operation else ()
            for kind in [*ALWAYS, *body, *(NOT_READING if method != "get" else ())]:
                found[kind.status].append(kind)
            for call in calls:
                for kind in getattr(call, REFUSALS, ()):
                    found[kind.status].append(kind)
                if getattr(call, NEEDS_KEY, False):
                    operation["security"] = [{"bearer": []}, {"apiKey": []}]
                if isinstance(call, Guard):
                    found[Forbidden.status].append(Forbidden)
                    _need_key(operation, call)
            for status, wanted in found.items():
                responses[str(status)] = _response(list(dict.fromkeys(wanted)), shared)
            operation["responses"] = dict(sorted(responses.items()))
    document["components"].setdefault("responses", {}).update(sorted(shared.items()))


def _declared(responses: dict[str, Any], by_slug: dict[str, type[Problem]]) -> defaultdict[int, Kinds]:
    """The kinds that a route names itself; the framework's own 422 is forgotten."""
    found: defaultdict[int, Kinds] = defaultdict(list)
    for status in [status for status in responses if status >= "400"]:
        for slug in responses.pop(status).get("x-problems", ()):
            found[int(status)].append(by_slug[slug])
    return found


def _calls(dependant: Dependant) -> Iterator[Any]:
    """What a route depends on, all the way down."""
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def _need_key(operation: dict[str, Any], guard: Guard) -> None:
    """Say which scopes a key must have; several mean any one of them."""
    choices: list[dict[str, list[str]]] = [
        {way: [str(scope)]} for scope in guard.scopes for way in ("bearer", "apiKey")
    ]
    operation["security"] = ([{}] if guard.anonymous else []) + choices
    words = " or ".join(f"`{scope}`" for scope in guard.scopes)
    need = "A key, if one is sent, needs" if guard.anonymous else "Needs a key with"
    operation["description"] = f"{operation.get('description', '')}\n\n{need} the scope {words}."


def _response(wanted: Kinds, shared: dict[str, Any]) -> dict[str, Any]:
    told = {
        "description": "\n\n".join(f"{kind.title}. {' '.join((kind.__doc__ or '').split())}" for kind in wanted),
        "headers": {**ON_EVERY_ANSWER, **of_problem(wanted)},
        "content": {PROBLEM_JSON: {"schema": SCHEMA}},
    }
    if len(wanted) > 1 or wanted[0].__module__ != Problem.__module__:
        return told
    name = wanted[0].__name__
    shared[name] = told
    return {"$ref": f"#/components/responses/{name}"}
