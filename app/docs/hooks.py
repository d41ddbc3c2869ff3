"""The webhooks that a partner's endpoint gets, one entry for each type of event, with the body of one that happened."""

import json
import re
from typing import Any

from pydantic.json_schema import models_json_schema

from app.core.facts import FactType, public_types
from app.docs.tidy import REF
from app.webhooks.body import examples

TAG = "Webhooks and events"
HOME = re.compile(r"^app__(\w+?)__\w+__(\w+)$")
HEADERS = {
    "webhook-id": ("The event's id: the same on every attempt and every redelivery.", {"type": "string"}),
    "webhook-timestamp": ("When it was signed, in seconds since 1970.", {"type": "string", "pattern": "^[0-9]+$"}),
    "webhook-signature": (
        "`v1,` and the HMAC-SHA256 of `id.timestamp.body` (Standard Webhooks); several during a rotation.",
        {"type": "string"},
    ),
}
ANSWERS = {
    "2XX": {"description": "You have it. Answer within 15 seconds."},
    "410": {"description": "The endpoint is gone: it is disabled, and you are told."},
    "default": {"description": "Anything else, a redirect too: it is tried again for three days."},
}


def complete(document: dict[str, Any]) -> None:
    """Put them into the document, with the schemas of their data."""
    types = public_types()
    names = _add_schemas(document["components"]["schemas"], types)
    document["webhooks"] = {fact.name: {"post": _operation(fact, names[fact.data])} for fact in types}


def _add_schemas(schemas: dict[str, Any], types: list[FactType]) -> dict[Any, str]:
    """Name each shape of data `Event…`; answers the names."""
    models = list(dict.fromkeys(fact.data for fact in types))
    refs, made = models_json_schema([(model, "serialization") for model in models], ref_template=REF + "{model}")
    renamed = {name: _short(name) for name in made["$defs"]}
    for name, schema in made["$defs"].items():
        text = json.dumps(schema)
        for old, new in renamed.items():
            text = text.replace(f'"{REF}{old}"', f'"{REF}{new}"')
        schemas[renamed[name]] = json.loads(text)
    return {model: renamed[refs[model, "serialization"]["$ref"].removeprefix(REF)] for model in models}


def _short(name: str) -> str:
    """Two shapes of one name are told apart by the package that they come from."""
    found = HOME.match(name)
    return f"Event{found[1].title()}{found[2]}" if found else f"Event{name}"


def _operation(fact: FactType, schema: str) -> dict[str, Any]:
    words = fact.name.replace(".", "_").split("_")
    typed = {"properties": {"type": {"const": fact.name}, "data": {"$ref": REF + schema}}}
    body = {"allOf": [{"$ref": REF + "EventOut"}, {"type": "object", **typed}]}
    return {
        "tags": [TAG],
        "operationId": "on" + "".join(word.title() for word in words),
        "summary": fact.summary.removesuffix("."),
        "description": f"{fact.summary} The same body is in `GET /v1/events` and on the stream.",
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": told, "schema": dict(kind)}
            for name, (told, kind) in HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": body, "example": examples()[fact.name]}},
        },
        "responses": {status: dict(told) for status, told in ANSWERS.items()},
    }
