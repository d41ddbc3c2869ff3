"""The framework's schemas made readable: no titles that repeat a name, nulls said shortly, lists as they are sent."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

REF = "#/components/schemas/"
NAMES = {
    "app__access__principal__Kind": "CallerKind",
    "app__access__schemas__RotateIn": "RotateKeyIn",
    "app__audit__schemas__Change": "AuditedChange",
    "app__contact__states__Action": "SubmissionAction",
    "app__contact__states__Kind": "SubmissionKind",
    "app__contact__states__Status": "SubmissionStatus",
    "app__editions__schemas__Action": "ChangeAction",
    "app__editions__schemas__Change": "Change",
    "app__tta__states__Action": "RequestAction",
    "app__tta__states__Status": "RequestStatus",
    "app__webhooks__schemas__RotateIn": "RotateSecretIn",
    "Action-Input": "SubmissionAction",
    "MatchOut": "SiteMatch",
    "Kind-Input": "SubmissionKind",
}
"""What readers call the schemas of classes that share a name; the framework would tell them apart by their modules."""
LEADING = ("id", "reference", "type", "slug", "code", "number", "title", "summary", "status", "href", "path")
SEPARATED = "x-separated"
"""Marks the schema of a query parameter that takes a list as `a,b`; see `app.editions.asking`."""


def tidy(document: dict[str, Any]) -> None:
    """Tidy the whole document in place."""
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        schema.pop("title", None)  # of the class: generators of clients would name two different ones alike
    for node in _schemas_in(document):
        for name, inner in (node.get("properties") or {}).items():
            _drop_title(name, inner)
            _say_default(inner)
        _shorten_null(node)
        _order(node)
        _make_whole(node)
    for operations in document["paths"].values():
        for operation in operations.values():
            _tell_from_docstring(operation)
            _tell_success(operation, schemas)
            for parameter in operation.get("parameters", ()):
                _tidy_parameter(parameter)
    _complete(document)
    _rename(document)
    _forget_unused(document)


HEADERS = {
    "Location": "Where the new thing is served.",
    "Idempotent-Replayed": "`true` where this is the first answer again.",
}
"""Headers that a route names without more, and what they say."""


def _complete(document: dict[str, Any]) -> None:
    """Fill in what routes leave unsaid: what a header holds, and what stands in an array of fixed places."""
    for node in walk(document):
        headers = node.get("headers")
        for name, told in HEADERS.items():
            if isinstance(headers, dict) and name in headers and not headers[name]:
                headers[name] = {"description": told, "schema": {"type": "string"}}
        if node.get("type") == "array" and "prefixItems" in node and "items" not in node:
            node["items"] = {"type": node["prefixItems"][0].get("type", "number")}


def forget_unused_answers(document: dict[str, Any]) -> None:
    """Drop shared answers that every operation has replaced by one of its own."""
    spoken = json.dumps(document)
    answers = document["components"].get("responses", {})
    for name in [n for n in answers if f'"#/components/responses/{n}"' not in spoken]:
        del answers[name]


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every object inside, itself included."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def in_order(names: Iterable[str]) -> list[str]:
    """Names of fields: first what an item is, then what it holds."""
    held = list(names)
    return [*(name for name in LEADING if name in held), *(name for name in held if name not in LEADING)]


def _schemas_in(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from walk(document["components"]["schemas"])
    yield from walk(document["paths"])


def _drop_title(name: str, schema: Any) -> None:
    """A title that the framework made from a name says nothing the name does not."""
    if isinstance(schema, dict) and schema.get("title") in (name, name.replace("_", " ").title()):
        del schema["title"]


def _say_default(schema: Any) -> None:
    """Say in words what is taken for a field that is left out: generators take a `default` for a promise."""
    if not isinstance(schema, dict) or "default" not in schema:
        return
    default = schema.pop("default")
    if isinstance(default, (bool, int, str)) and default != "":
        told = f"Without it: `{json.dumps(default) if not isinstance(default, str) else default}`."
        schema["description"] = f"{schema['description']} {told}" if "description" in schema else told
    if not schema:
        schema["type"] = "null"


def _shorten_null(node: dict[str, Any]) -> None:
    """`anyOf: [string, null]` is `type: [string, null]`."""
    options = node.get("anyOf")
    if not isinstance(options, list) or len(options) != 2 or {"type": "null"} not in options:
        return
    other = next(option for option in options if option != {"type": "null"})
    if not isinstance(other.get("type"), str):
        return
    del node["anyOf"]
    node |= {**other, "type": [other["type"], "null"]}
    if "enum" in other:
        node["enum"] = [*other["enum"], None]


def _make_whole(node: dict[str, Any]) -> None:
    """Bounds of whole numbers are whole; the framework writes `200.0`."""
    for bound in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"):
        if isinstance(node.get(bound), float) and node[bound].is_integer():
            node[bound] = int(node[bound])


def _order(node: dict[str, Any]) -> None:
    """Whichever class a field was inherited from, it stands where a reader looks for it."""
    properties = node.get("properties")
    if isinstance(properties, dict):
        node["properties"] = {name: properties[name] for name in in_order(properties)}
        if "required" in node:
            node["required"] = [name for name in node["properties"] if name in node["required"]]


def _tell_success(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """A success is described by what it answers with, where nobody said it better."""
    for status, response in operation["responses"].items():
        if status < "300" and response.get("description") == "Successful Response":
            content = response.get("content", {}).get("application/json", {})
            name = content.get("schema", {}).get("$ref", "").removeprefix(REF)
            response["description"] = schemas.get(name, {}).get("description", "Done.")


def _tell_from_docstring(operation: dict[str, Any]) -> None:
    """The first line of an endpoint's docstring is its summary, the rest its description."""
    summary, _, rest = operation.get("description", operation["summary"]).partition("\n")
    operation["summary"] = summary.strip().rstrip(".")
    operation["description"] = rest.strip() or summary.strip()


def _tidy_parameter(parameter: dict[str, Any]) -> None:
    """A parameter is sent or left out, never null; what describes it stands beside its schema, not inside."""
    schema = parameter["schema"]
    schema.pop("title", None)
    if parameter["in"] == "path" and parameter["name"].endswith("_id"):
        parameter.setdefault("description", f"The id of the {parameter['name'].removesuffix('_id')}.")
    if isinstance(schema.get("type"), list):
        schema["type"] = next(kind for kind in schema["type"] if kind != "null")
        schema["enum"] = [value for value in schema.get("enum", ()) if value is not None]
        if not schema["enum"]:
            del schema["enum"]
    if isinstance(schema.get("anyOf"), list):
        schema["anyOf"] = [option for option in schema["anyOf"] if option != {"type": "null"}]
        if len(schema["anyOf"]) == 1:
            schema |= schema.pop("anyOf")[0]
    if schema.get("default") in (None, []):
        schema.pop("default", None)
    schema.pop("description", None)
    if schema.pop(SEPARATED, None):
        parameter |= {"style": "form", "explode": False}


def _rename(document: dict[str, Any]) -> None:
    """Give schemas the names that readers see; what has one name already keeps it."""
    schemas = document["components"]["schemas"]
    names = {name: NAMES.get(name, name.removesuffix("Out")) for name in schemas}
    names = {name: new for name, new in names.items() if new != name and (name in NAMES or new not in schemas)}
    for node in walk(document):
        reference = node.get("$ref")
        if isinstance(reference, str) and (new := names.get(reference.removeprefix(REF), "")):
            node["$ref"] = REF + new
    for name, new in names.items():
        schemas[new] = schemas.pop(name)
    document["components"]["schemas"] = dict(sorted(schemas.items()))


def _forget_unused(document: dict[str, Any]) -> None:
    """Leave out schemas that nothing leads to."""
    schemas = document["components"]["schemas"]
    while True:
        used = set(re.findall(re.escape(REF) + r"([^\"]+)\"", json.dumps(document)))
        unused = schemas.keys() - used
        if not unused:
            return
        for name in unused:
            del schemas[name]
