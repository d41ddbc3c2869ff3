"""JSON Schemas without references, to be put anywhere: into a form, an example, another document."""

from collections.abc import Mapping
from typing import Any


def written_out(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with each reference to its own `$defs` replaced by what it means; there must be no cycles."""
    definitions = schema.get("$defs", {})
    whole: dict[str, Any] = _written_out({key: part for key, part in schema.items() if key != "$defs"}, definitions)
    return whole


def _written_out(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_written_out(part, definitions) for part in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        beside = {key: part for key, part in node.items() if key != "$ref"}
        node = {**definitions[node["$ref"].removeprefix("#/$defs/")], **beside}
    return {key: _written_out(part, definitions) for key, part in node.items()}
