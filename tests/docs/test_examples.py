"""Every example in the documentation was given by the program, and is what the description says it is."""

import pytest
from jsonschema import Draft202012Validator

from app.core.errors import kinds
from app.docs.examples import FILE, GENERAL, load
from tests.docs import calls
from tests.docs.examples import make, written
from tests.docs.make import operations


@pytest.fixture
def check(document):
    """Hold a value against a schema of the document."""
    checker = Draft202012Validator.FORMAT_CHECKER

    def hold(schema, value) -> None:
        # References lead into the document's components, so these stand beside the schema.
        whole = {**schema, "components": document["components"]}
        Draft202012Validator(whole, format_checker=checker).validate(value)

    return hold


async def test_the_examples_are_what_the_program_answers():
    """When this fails: `python -m tests.docs.examples`, then read what changed."""
    assert written(await make()) == FILE.read_text(encoding="utf-8")


def test_every_operation_shows_an_answer(document):
    silent = []
    for _, _, operation in operations(document):
        name = operation["operationId"]
        shown = [e["response"]["status"] for e in load().get(name, ())]
        if not any(status < 300 for status in shown) and name not in calls.WITHOUT_AN_ANSWER:
            silent.append(name)
    assert silent == []


def test_what_is_not_there_is_shown(document):
    """The refusals that need more than their title to be understood."""
    missing = []
    for _, _, operation in operations(document):
        shown = {str(e["response"]["status"]) for e in load().get(operation["operationId"], ())}
        wanted = operation["responses"].keys() & {"404", "409", "410"}
        missing += [f"{operation['operationId']} {status}" for status in sorted(wanted - shown)]
    assert set(missing) == calls.NOT_SHOWN.keys()


def test_no_example_is_of_an_operation_that_is_gone(document):
    known = {operation["operationId"] for _, _, operation in operations(document)}
    assert load().keys() - known == {GENERAL}
    assert calls.WITHOUT_AN_ANSWER.keys() <= known


def test_every_answer_shown_is_as_described(document, check):
    responses = [(name, r) for name, r in document["components"]["responses"].items()]
    responses += [(f"{o['operationId']} {s}", r) for _, _, o in operations(document) for s, r in o["responses"].items()]
    count = 0
    for where, response in responses:
        for media_type, media in response.get("content", {}).items():
            for name, example in media.get("examples", {}).items():
                assert "json" in media_type or isinstance(example["value"], str), (where, name)
                check(media["schema"], example["value"])
                count += 1
    # Each 404 is told with its own operation, so the general one stands on the page of its problem alone.
    held = [(name, e["response"]) for name, examples in load().items() for e in examples]
    assert count == sum(r["body"] is not None for name, r in held if (name, r["status"]) != (GENERAL, 404))


def test_every_question_shown_is_as_described(document, check):
    for _, _, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if "example" in parameter:
                check(parameter["schema"], parameter["example"])
        for media in operation.get("requestBody", {}).get("content", {}).values():
            for example in media.get("examples", {}).values():
                check(media["schema"], example["value"])


def test_the_general_refusals_are_shown(document):
    shown = {
        name
        for name, response in document["components"]["responses"].items()
        if response["content"]["application/problem+json"].get("examples")
    }
    assert document["components"]["responses"].keys() - shown <= {"Forbidden", "Conflict", "Gone", "RequestTimeout"}
    assert shown <= {kind.__name__ for kind in kinds()}
