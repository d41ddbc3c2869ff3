"""The description as it is served: a file that is made from the program, and held to it by a test.

To make it takes a second and tens of megabytes, so that is done when the program changes, not in every process:

    python -m tests.docs.description

Whoever reads the change then sees in the difference what changes for clients. Only the story depends on settings; it
is put in when the file is served.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI

from app.docs.document import story
from app.docs.pages import DESCRIPTION
from app.editions.snapshot import encode

FILE = Path(__file__).with_name("openapi.json")
STORY = "the story, as `story.md` tells it"
"""Stands in the file where the story goes."""


def write(document: dict[str, Any]) -> str:
    """What the file holds: a value a line, so that a change can be read."""
    told = {**document, "info": {**document["info"], "description": STORY}}
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def description(app: FastAPI) -> bytes:
    """The whole description, as this server tells it."""
    return FILE.read_bytes().replace(encode(STORY), encode(story(app)), 1)


@cache
def links() -> dict[str, str]:
    """Every address under `/v1` that anybody can read; where a question is needed, the documented example asks it."""
    found = {"self": "/v1"}
    for path, method, operation in _operations(_read()):
        if method != "get" or "{" in path or not path.startswith("/v1/") or {} not in operation.get("security", [{}]):
            continue
        needed = [p for p in operation.get("parameters", ()) if p.get("required")]
        if all("example" in parameter for parameter in needed):
            question = urlencode([(p["name"], p["example"]) for p in needed], safe="/")
            found[path.removeprefix("/v1/").replace("/", "_").replace("-", "_")] = path + "?" * bool(needed) + question
    return found


@cache
def llms_txt() -> str:
    """A map of the API for language models and people in a hurry (llmstxt.org)."""
    document = _read()
    lines = [f"# {document['info']['title']}", "", f"> {DESCRIPTION}", ""]
    lines += [
        "Read without a key, as JSON. Every refusal is `application/problem+json` and says how to do it right.",
        "Lists go on at `links.next`. `fields=a,b` and `include=name` shape answers; `edition=N` reads an earlier one.",
        "",
        "## Documentation",
        "",
        "- [OpenAPI description](/openapi.json): every operation, with examples",
        "- [Service document](/v1): links to everything that can be read without a key",
        "- [Problems](/problems): every kind of refusal, explained",
        "",
    ]
    for tag in document["tags"]:
        lines += [f"## {tag['name']}", "", tag["description"], ""]
        lines += [
            f"- `{method.upper()} {path}`: {operation['summary']}"
            for path, method, operation in _operations(document)
            if tag["name"] in operation["tags"]
        ]
        lines.append("")
    return "\n".join(lines)


def _read() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(FILE.read_bytes())
    return read


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield path, method, operation
