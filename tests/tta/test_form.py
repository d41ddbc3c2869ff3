"""The form and the life of a request, as they are published."""

import hashlib

import jsonschema
import pytest
from hypothesis import given, settings

from app.core.bodies import canonical
from app.tta.drawing import FORM, GROUPS, PERSONAL_PATHS, join, skeleton, split
from app.tta.form import RequestForm
from app.tta.lifecycle import lifecycle
from app.tta.states import DESK, STEPS, Action, Status
from tests.tta.make import a_form
from tests.tta.test_dry_run import GOOD, bodies

PATH = "/v1/tta-requests"
FORMS = {1: "941e"}
"""The digest of each version of the form without its options: a change of the form is a new version."""


async def test_the_form_can_be_drawn(reader):
    answer = await reader.get(f"{PATH}/form")
    form = answer.json()
    assert answer.headers["etag"]
    assert answer.headers["toolkit-edition"] == str(form["edition"])
    assert "988" in form["notice"]
    schema = form["schema"]
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(a_form(), schema)
    jsonschema.validate(GOOD, schema)
    topics = (await reader.get("/v1/topics?limit=200")).json()["items"]
    options = {option["const"]: option["title"] for option in schema["properties"]["topics"]["items"]["oneOf"]}
    assert options == {topic["slug"]: topic["title"] for topic in topics}
    assert {"const": "IL", "title": "Illinois"} in schema["properties"]["agency"]["properties"]["state"]["oneOf"]
    assert schema["required"] == ["contact", "agency", "description"]
    assert "$ref" not in str(schema)
    again = (await reader.get(f"{PATH}/form?edition=1")).json()
    assert again["version"] == "1.1"


async def test_every_field_has_a_label_and_its_place_in_the_order(reader):
    schema = (await reader.get(f"{PATH}/form")).json()["schema"]
    shown = [pointer.removeprefix("/") for _, _, fields in GROUPS for pointer in fields]
    assert len(shown) == len(set(shown))
    assert set(schema["properties"]) - set(shown) == {"fax"}
    assert schema["properties"]["fax"]["x-honeypot"]

    def walk(node, path):
        for place, (name, field) in enumerate(node["properties"].items()):
            assert field.get("title"), f"{path}/{name} has no label"
            assert field["x-order"] == place
            if "properties" in field:
                walk(field, f"{path}/{name}")

    walk(schema, "")


def test_a_changed_form_is_a_new_version():
    digest = hashlib.sha256(canonical(skeleton())).hexdigest()[:4]
    assert FORMS.get(FORM) == digest, f"The form changed: raise FORM and enter {digest!r} here."


@pytest.mark.parametrize("form", [a_form(), GOOD])
def test_a_form_taken_apart_and_put_together_is_the_same(form):
    said = RequestForm.model_validate(form).model_dump(mode="json")
    asked, personal = split(said)
    text = str(asked)
    for *above, name in PERSONAL_PATHS:
        node = asked
        for step in above:
            node = node[step]
        assert name not in node
    assert "jo.doe" not in text
    assert join(asked, personal) == said


@settings(max_examples=60, deadline=None)
@given(body=bodies())
async def test_what_the_server_keeps_fits_the_published_schema(reader, body):
    """The schema never refuses what the server keeps; the server refuses more, where rules need it."""
    schema = await schema_of(reader)
    answer = await reader.post(f"{PATH}?dry_run=true", json=body)
    if answer.status_code == 200:
        jsonschema.validate(answer.json()["normalised"], schema)


SCHEMAS: dict[str, dict] = {}


async def schema_of(reader) -> dict:
    if "form" not in SCHEMAS:
        SCHEMAS["form"] = (await reader.get(f"{PATH}/form")).json()["schema"]
    return SCHEMAS["form"]


async def test_the_life_of_a_request_is_published_as_the_table_it_is(reader):
    told = (await reader.get(f"{PATH}/lifecycle")).json()
    published = {(before, row["action"]) for row in told["steps"] for before in row["before"]}
    assert published == {(before.value, action.value) for before, action in STEPS}
    assert set(told["desk_actions"]) == set(DESK)
    assert [promise["within_seconds"] for promise in told["promises"]] == [36 * 3600, 14 * 86400]
    assert [promise["pauses"] for promise in told["promises"]] == [False, True]
    for row in told["steps"]:
        assert row["reasons"]
        for before in row["before"]:
            for after in row["after"]:
                assert f"    {before} --> {after} : {row['action']}\n" in told["mermaid"]


def test_the_diagram_draws_every_status():
    told = lifecycle()["mermaid"]
    assert told.startswith("stateDiagram-v2\n    [*] --> submitted\n")
    for status in Status:
        assert f" {status} " in told or f" {status}\n" in told
    for action in set(Action) - set(DESK):
        assert f": {action}\n" in told
