"""Every type of event is told with its shape and with one that happened, in the document and in the list."""

import json

import pytest
from jsonschema import Draft202012Validator

from app.core.facts import FACTS, public_types
from app.core.work import Moment
from app.webhooks.body import EXAMPLES
from tests.make import NOW
from tests.webhooks.examples import make, written


async def test_the_examples_are_what_happens_when_it_is_run():
    """`python -m tests.webhooks.examples` makes them anew."""
    assert written(await make()) == EXAMPLES.read_text(encoding="utf-8")


async def test_each_type_is_listed_with_its_shape_and_an_example(reader):
    told = {item["type"]: item for item in (await reader.get("/v1/event-types")).json()["items"]}
    assert sorted(told) == [fact.name for fact in public_types()]
    for name, item in told.items():
        Draft202012Validator(item["data_schema"]).validate(item["example"]["data"])
        FACTS[name].data.model_validate_json(json.dumps(item["example"]["data"]))
        assert item["example"]["type"] == name


async def test_the_document_has_one_webhook_for_each_type_and_its_schema_fits_the_example(reader):
    document = (await reader.get("/openapi.json")).json()
    hooks = document["webhooks"]
    assert sorted(hooks) == [fact.name for fact in public_types()]
    for name, hook in hooks.items():
        content = hook["post"]["requestBody"]["content"]["application/json"]
        schema = {**content["schema"], "components": document["components"]}
        validator = Draft202012Validator(schema)
        validator.validate(content["example"])
        assert not validator.is_valid({**content["example"], "type": "tta.nothing"})
        data = {**content["example"]["data"], "unknown": 1}
        assert not validator.is_valid({**content["example"], "data": data}), name
    names = [hook["post"]["operationId"] for hook in hooks.values()]
    assert len(names) == len(set(names))


def test_what_is_defined_nowhere_cannot_be_recorded():
    with pytest.raises(LookupError):
        Moment(actor="test", now=NOW).fact("tta.nothing", "tta_request", "1")
