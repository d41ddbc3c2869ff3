"""The description says everything, says it once, and says it readably."""

import json
import re

from app.core.errors import kinds
from app.docs.document import TAGS
from app.docs.tidy import walk
from tests.docs.make import operations

VERB_NOUN = re.compile(r"^[a-z]+[A-Z][A-Za-z]*$")
ALWAYS = {"401", "414", "422", "429", "431", "500", "503"}
CONTENT = re.compile(
    r"^/v1/(pages|sections|topics|program-types|essential-elements|learning-sites|resources|facts|faqs|measures|sources"
    r"|toolkit|editions|changes|export|resolve|search)\b(?!/match)"
)


async def test_it_is_cacheable_and_answers_head(reader):
    answer = await reader.get("/openapi.json")
    assert answer.headers["cache-control"].startswith("public, max-age=")
    again = await reader.get("/openapi.json", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    head = await reader.head("/openapi.json")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == answer.headers["etag"]


async def test_every_process_gives_the_same_bytes(reader, bare):
    one, other = await reader.get("/openapi.json"), await bare.client.get("/openapi.json")
    assert one.headers["etag"] == other.headers["etag"]


def test_it_introduces_itself(document):
    info = document["info"]
    assert document["openapi"].startswith("3.1")
    assert {"title", "summary", "description", "version", "license", "contact"} <= info.keys()
    assert document["servers"][0]["url"] == "/"
    assert "{{" not in info["description"]
    assert [tag["name"] for tag in document["tags"]] == [name for name in TAGS if name in used_tags(document)]


def used_tags(document):
    return {tag for _, _, operation in operations(document) for tag in operation["tags"]}


def test_every_tag_is_explained(document):
    assert used_tags(document) <= TAGS.keys()


async def test_every_link_of_the_story_answers(reader, document):
    links = re.findall(r"\]\((/[^)]*)\)", document["info"]["description"])
    assert len(links) >= 6
    for link in links:
        assert (await reader.get(link)).status_code == 200, link


def test_the_story_names_no_address_that_does_not_exist(document):
    known = {path.partition("{")[0].rstrip("/") for path in document["paths"]}
    named = re.findall(r"`(?:GET|POST) (/[^`?{]*)", json.dumps(document))
    assert {path for path in named if not any(path == k or path.startswith(k + "/") for k in known)} <= {"/docs"}


def test_every_operation_says_what_it_does(document):
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        assert VERB_NOUN.match(operation["operationId"]), where
        assert 8 <= len(operation["summary"]) <= 70, where
        assert "`" not in operation["summary"], where
        assert not operation["summary"].endswith("."), where
        assert operation["description"], where
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description"), (where, parameter["name"])


def test_every_refusal_that_can_happen_is_declared(document):
    for method, path, operation in operations(document):
        declared = operation["responses"].keys()
        assert declared >= ALWAYS, (method, path)
        assert ({"408", "413", "415"} <= declared) == (method != "get"), (method, path)
        if "requestBody" in operation:
            assert "400" in declared, (method, path)
        if CONTENT.match(path) and method == "get":
            asked = {parameter["name"] for parameter in operation.get("parameters", ())}
            assert {"304", "406"} <= declared, (method, path)
            assert ("404" in declared) == bool(asked & {"edition", "slug", "number", "after"}), (method, path)
        assert "405" not in declared  # what is described can be asked


def test_every_answer_declares_its_headers(document):
    for method, path, operation in operations(document):
        for status, response in operation["responses"].items():
            shared = document["components"]["responses"].get(response.get("$ref", "").rsplit("/", 1)[-1])
            declared = (shared or response)["headers"].keys()
            assert {"X-Request-Id", "Cache-Control"} <= declared, (method, path, status)
            if CONTENT.match(path) and method == "get" and status in ("200", "304"):
                assert {"ETag", "Vary", "Toolkit-Edition"} <= declared, (method, path, status)


def test_every_refusal_is_a_problem(document):
    responses = [*document["components"]["responses"].values()]
    responses += [r for _, _, o in operations(document) for s, r in o["responses"].items() if s >= "400"]
    for response in responses:
        if "$ref" not in response:
            assert response["content"].keys() == {"application/problem+json"}
            assert response["description"]


def test_nothing_of_the_frameworks_own_is_left(document):
    text = json.dumps(document)
    assert "ValidationError" not in text
    assert "Successful Response" not in text
    assert not re.search(r'"x-(problems|separated|event-type)"', text)


def test_an_answer_always_carries_every_key(document):
    sent = re.findall(r"#/components/schemas/(\w+)", json.dumps(
        [r for _, _, o in operations(document) for s, r in o["responses"].items() if s < "400"]
    ))  # fmt: skip
    schemas, seen = document["components"]["schemas"], set()
    waiting = set(sent)
    while waiting:
        name = waiting.pop()
        seen.add(name)
        waiting |= set(re.findall(r"#/components/schemas/(\w+)", json.dumps(schemas[name]))) - seen
    optional = {
        name: sorted(schemas[name]["properties"].keys() - set(schemas[name].get("required", ())))
        for name in seen
        if "properties" in schemas[name]
    }
    # GeoJSON has the members that were asked for, and leaves out what it does not know (RFC 7946).
    assert {n for n, missing in optional.items() if missing} <= {"SiteProperties", "SiteFeatureCollection", "Sparse"}


def test_names_of_schemas_can_be_read(document):
    for name in document["components"]["schemas"]:
        assert re.fullmatch(r"[A-Z][A-Za-z]+", name), name
        assert not name.endswith("Out"), name


def test_every_text_that_is_taken_is_bounded(document):
    unbounded = []
    for method, path, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            unbounded += [(method, path, parameter["name"]) for node in walk(parameter["schema"]) if is_endless(node)]
    assert unbounded == []


def is_endless(schema) -> bool:
    closed = {"maxLength", "enum", "const", "format", "pattern"}
    return schema.get("type") == "string" and not closed & schema.keys()


async def test_every_kind_of_problem_has_a_page(reader):
    for kind in kinds():
        answer = await reader.get(f"/problems/{kind.slug()}")
        assert answer.status_code == 200, kind
        assert (answer.json()["title"], answer.json()["status"]) == (kind.title, kind.status)
        assert len(answer.json()["description"]) > 20
