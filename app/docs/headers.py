"""The headers of answers, each described once in `components/headers`."""

from collections.abc import Iterable
from typing import Any

from app.core.errors import Problem

_TEXT = {"type": "string"}
HEADERS: dict[str, dict[str, Any]] = {
    "Allow": {"description": "The methods that work here.", "schema": _TEXT},
    "Cache-Control": {
        "description": "How long the answer may be kept; `no-store` where it must not be.",
        "required": True,
        "schema": _TEXT,
    },
    "Content-Digest": {
        "description": "SHA-256 of the bytes as they are sent, in their content coding (RFC 9530).",
        "schema": _TEXT,
    },
    "ETag": {
        "description": "Names these bytes; strong, one for each content coding. Send it back in `If-None-Match`.",
        "required": True,
        "schema": _TEXT,
    },
    "Link": {
        "description": "`next` and `prev`, the same as in `links` (RFC 8288); absent when the list has one page.",
        "schema": _TEXT,
    },
    "RateLimit": {
        "description": "The limit that counted this request, how many more pass (`r`), and the seconds until it starts "
        'anew (`t`): `"intake";r=3;t=24`. Absent where nothing is counted: public reads answered from memory.',
        "schema": _TEXT,
    },
    "RateLimit-Policy": {
        "description": 'The same limit\'s quota (`q`) in a window of seconds (`w`): `"intake";q=5;w=60`.',
        "schema": _TEXT,
    },
    "Retry-After": {"description": "Seconds to wait before the next try.", "schema": {"type": "integer"}},
    "Toolkit-Edition": {"description": "The edition shown.", "required": True, "schema": {"type": "integer"}},
    "Vary": {
        "description": "The request headers that the answer depends on.",
        "required": True,
        "schema": _TEXT,
    },
    "WWW-Authenticate": {"description": "How to send a key.", "required": True, "schema": _TEXT},
    "X-Request-Id": {
        "description": "Names this request in the server's log. One that you send is kept if it is well-formed, "
        "else replaced: 8 to 80 letters, digits, and `.`, `_`, `~`, `-`.",
        "required": True,
        "schema": _TEXT,
    },
}


def refer(*names: str) -> dict[str, Any]:
    """Headers of an answer, by name."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


ON_EVERY_ANSWER = refer("X-Request-Id", "Cache-Control", "RateLimit-Policy", "RateLimit")


def of_problem(kinds: Iterable[type[Problem]]) -> dict[str, Any]:
    """The headers that kinds of refusal always send."""
    return refer(*(name for kind in kinds for name in kind.headers if name in HEADERS))


def complete(document: dict[str, Any]) -> None:
    """Refer to the shared description of every known header, and name those that every answer has."""
    used: set[str] = set()
    for operations in document["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                if "$ref" not in response:
                    declared = response.get("headers", {})
                    known = refer(*(name for name in declared if name in HEADERS))
                    response["headers"] = {**ON_EVERY_ANSWER, **declared, **known}
                    used |= response["headers"].keys()
    for response in document["components"].get("responses", {}).values():
        used |= response["headers"].keys()
    document["components"]["headers"] = {name: HEADERS[name] for name in sorted(used) if name in HEADERS}
