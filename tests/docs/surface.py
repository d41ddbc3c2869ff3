"""Everything that clients may rely on, a line each, read from the description."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("surface.txt")


def surface(document: dict[str, Any]) -> set[str]:
    return set(_lines(document))


def recorded() -> set[str]:
    return set(FILE.read_text(encoding="utf-8").splitlines())


def record(document: dict[str, Any]) -> None:
    """Add what is new; what is gone stays, until it is recorded as a removal."""
    known = recorded() if FILE.exists() else set()
    FILE.write_text("\n".join(sorted(known | surface(document))) + "\n", encoding="utf-8")


def _lines(document: dict[str, Any]) -> Iterator[str]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield from _of_operation(f"{method.upper()} {path}", operation)
    for name, schema in document["components"]["schemas"].items():
        yield from _of_schema(name, schema)
    for name in document.get("webhooks", {}):
        yield f"event {name}"


def _of_operation(name: str, operation: dict[str, Any]) -> Iterator[str]:
    yield name
    yield f"{name} is {operation['operationId']}"
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query":
            yield f"{name} ?{parameter['name']}"
            yield from _values(f"{name} ?{parameter['name']}", parameter["schema"])
        if not parameter.get("required"):
            yield f"{name} without {parameter['name']}"
    for status, response in operation["responses"].items():
        if status < "400":
            yield from (f"{name} {status} {media_type}" for media_type in response.get("content", {}))


def _of_schema(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield from _values(name, schema)
    for field, inner in schema.get("properties", {}).items():
        yield f"{name}.{field}"
        yield from _values(f"{name}.{field}", inner)
        if field not in schema.get("required", ()) and schema.get("additionalProperties") is False:
            yield f"{name} without {field}"  # of what is sent: to demand it later breaks who does not send it


def _values(name: str, schema: dict[str, Any]) -> Iterator[str]:
    for inner in (schema, *schema.get("anyOf", ()), schema.get("items", {})):
        for value in inner.get("enum", ()):
            yield f"{name} = {value}"
