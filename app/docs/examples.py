"""Example calls and their answers, put into the document where they belong.

`examples.json` holds what the seeded application answered to the calls listed in `tests/docs/calls.py`:

    python -m tests.docs.examples

makes it anew, and a test fails while it differs. Nothing in it is written by hand.
"""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("examples.json")
GENERAL = "*"
"""Where the examples of refusals stand that are the same on every operation."""
Example = dict[str, Any]


@cache
def load() -> dict[str, list[Example]]:
    """Every example, by operation."""
    loaded: dict[str, list[Example]] = json.loads(FILE.read_text(encoding="utf-8"))
    return loaded


def complete(document: dict[str, Any]) -> None:
    """Show the examples: parameters and bodies with the operation, answers with their statuses."""
    held = load()
    shared = document["components"]["responses"]
    for example in held.get(GENERAL, ()):
        for response in shared.values():
            if _title_of(example) == response["description"].partition(".")[0]:
                _add(response, example)
    for operations in document["paths"].values():
        for operation in operations.values():
            for example in held.get(operation["operationId"], ()):
                _show_question(operation, example)
                _show_answer(operation, example, shared)


def of_problem(type_: str) -> Example | None:
    """An example of a kind of problem, by the path of its page."""
    for examples in load().values():
        for example in examples:
            body = example["response"]["body"]
            if example["response"]["status"] >= 400 and body["type"] == type_:
                return example
    return None


def _title_of(example: Example) -> str:
    return str(example["response"]["body"]["title"])


def _show_question(operation: dict[str, Any], example: Example) -> None:
    if example["response"]["status"] >= 400:
        return  # a call that is refused is shown with its answer, not as something to send
    request = example["request"]
    for parameter in operation.get("parameters", ()):
        sent = request["path"] if parameter["in"] == "path" else request["query"]
        if parameter["name"] in sent and "example" not in parameter:
            parameter["example"] = sent[parameter["name"]]
    if request["body"] is not None:
        _add(operation["requestBody"], example, request["body"], "application/json")


def _show_answer(operation: dict[str, Any], example: Example, shared: dict[str, Any]) -> None:
    answer = example["response"]
    response = operation["responses"][str(answer["status"])]
    if "$ref" in response:
        # The operation shows an answer of its own, so it keeps its own copy of what is told once elsewhere.
        response = copy.deepcopy(shared[response["$ref"].rsplit("/", 1)[-1]])
        response["content"][answer["media_type"]].pop("examples", None)
        operation["responses"][str(answer["status"])] = response
    if answer["body"] is not None:
        _add(response, example)


def _add(place: dict[str, Any], example: Example, value: Any = None, media_type: str | None = None) -> None:
    media = place["content"][media_type or example["response"]["media_type"]]
    told = {"summary": example["summary"], "value": example["response"]["body"] if value is None else value}
    media.setdefault("examples", {})[example["name"]] = told
