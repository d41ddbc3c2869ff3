"""Saying no: one shape, whatever goes wrong, and nothing echoed."""

import asyncio
import json

import httpx
import pytest

from app.core import door
from app.core.door import ADDRESS_LIMIT, HEADER_LIMIT
from app.core.errors import FAULTS_TOLD
from app.core.nesting import DEPTH_LIMIT, is_too_deep
from tests.make import running

KEYS = {"type", "title", "status", "detail", "instance", "request_id"}


def assert_problem(answer: httpx.Response, status: int, kind: str) -> dict:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert set(told) >= KEYS
    assert told["status"] == status
    assert told["type"] == f"/problems/{kind}"
    assert told["request_id"] == answer.headers["x-request-id"]
    return told


async def test_an_address_that_does_not_exist(reader):
    assert_problem(await reader.get("/v2/anything"), 404, "not-found")
    assert_problem(await reader.get("/v1/topics/no-such-topic"), 404, "not-found")
    assert_problem(await reader.get("/v1/topics/"), 404, "not-found")


async def test_a_slug_that_cannot_be_one_is_named(reader):
    told = assert_problem(await reader.get("/v1/topics/No_Such"), 422, "invalid")
    assert told["errors"][0]["parameter"] == "slug"


async def test_a_format_we_do_not_speak(reader):
    assert_problem(await reader.get("/v1/topics", headers={"Accept": "application/xml"}), 406, "not-acceptable")
    answer = await reader.get("/v1/topics", headers={"Accept": "text/html, application/*;q=0.1"})
    assert answer.status_code == 200


async def test_too_long_an_address(reader):
    answer = await reader.get("/v1/topics?section=" + "a" * ADDRESS_LIMIT)
    told = assert_problem(answer, 414, "uri-too-long")
    assert told["limit_bytes"] == ADDRESS_LIMIT


async def test_too_large_a_header_section(reader):
    answer = await reader.get("/v1/topics?limit=77", headers={"X-Large": "a" * HEADER_LIMIT})
    assert_problem(answer, 431, "headers-too-large")


async def test_a_value_that_was_sent_is_never_echoed(reader):
    canary = "canary-7f3a"
    answer = await reader.get(f"/v1/topics?limit={canary}&sort={canary}")
    assert_problem(answer, 422, "invalid")
    assert canary not in answer.text


async def test_of_many_faults_the_first_are_listed_and_the_others_counted(reader):
    for count in (FAULTS_TOLD, FAULTS_TOLD + 1, 15_000):
        body = {f"unknown-{number}": 1 for number in range(count)}
        answer = await reader.post("/v1/learning-sites/match", json=body)
        told = assert_problem(answer, 422, "invalid")
        assert len(told["errors"]) == FAULTS_TOLD
        assert len(answer.content) < 20_000
        assert (f"{count - FAULTS_TOLD} more are not" in told["detail"]) == (count > FAULTS_TOLD)
    answer = await reader.get("/v1/topics?" + "&".join(f"p{number}=1" for number in range(900)))
    assert len(assert_problem(answer, 422, "invalid")["errors"]) == FAULTS_TOLD


async def test_a_well_formed_request_id_is_kept_and_another_is_replaced(reader):
    kept = await reader.get("/v1/topics", headers={"X-Request-Id": "partner-12345678"})
    assert kept.headers["x-request-id"] == "partner-12345678"
    for bad in ("short", "a" * 81, 'semi;colon"quote'):
        replaced = await reader.get("/v1/topics", headers={"X-Request-Id": bad})
        assert replaced.headers["x-request-id"] != bad


async def test_a_database_that_is_gone_is_503_and_public_reads_go_on(world):
    await world.client.get("/v1/topics")
    await world.database.close()
    original = world.database.read
    world.database.read = _Broken
    try:
        answer = await world.client.get("/version")
        told = assert_problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"]
        assert "10.0.0.1" not in json.dumps(told)
        assert_problem(await world.client.get("/readyz"), 503, "unavailable")
        assert (await world.client.get("/livez")).status_code == 200
        assert (await world.client.get("/v1/topics?limit=3")).status_code == 200
    finally:
        world.database.read = original


class _Broken:
    async def __aenter__(self):
        raise ConnectionRefusedError("nobody listens at 10.0.0.1")

    async def __aexit__(self, *_):
        return None


async def test_an_unforeseen_fault_is_a_problem_without_a_stack(database_url, capfd):
    async with running(database_url) as world:

        @world.app.app.get("/fault")
        async def fault():
            raise RuntimeError("secret-canary")

        answer = await world.client.get("/fault")
        told = assert_problem(answer, 500, "server-error")
        assert "canary" not in json.dumps(told)
    logged = capfd.readouterr().err
    assert "RuntimeError" in logged
    assert "test_refusals.py" in logged
    assert "canary" not in logged


async def test_options_names_the_methods_and_opens_public_reads_to_every_origin(reader):
    answer = await reader.options(
        "/v1/topics", headers={"Origin": "https://front.example", "Access-Control-Request-Method": "GET"}
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "GET" in answer.headers["access-control-allow-methods"]
    got = await reader.get("/v1/topics", headers={"Origin": "https://front.example"})
    assert got.headers["access-control-allow-origin"] == "*"
    for name in ("ETag", "Link", "Location", "Retry-After", "RateLimit", "X-Request-Id", "Toolkit-Edition"):
        assert name in got.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "offset=-1", "limit=1e3", "edition=0", "edition=99999999999"]
)
async def test_numbers_out_of_range_are_named(reader, query):
    told = assert_problem(await reader.get(f"/v1/topics?{query}"), 422, "invalid")
    assert told["errors"][0]["parameter"] == query.split("=")[0]


@pytest.mark.parametrize(
    ("path", "twice"),
    [
        ("/v1/topics?limit=1&limit=2", "limit"), ("/v1/search?q=cit&q=mhfa", "q"),
        ("/v1/toolkit?edition=1&edition=1", "edition"), ("/v1/topics?limit=1&limit=2&nonsense=1", "limit"),
    ],
)  # fmt: skip
async def test_what_is_taken_once_is_not_chosen_from_two(reader, path, twice):
    answer = await reader.get(path)
    assert answer.status_code == 422
    assert twice in {fault["parameter"] for fault in answer.json()["errors"]}


async def test_a_list_may_be_sent_in_pieces(reader):
    pieces = (await reader.get("/v1/topics?fields=slug&fields=title")).json()["items"]
    assert pieces == (await reader.get("/v1/topics?fields=slug,title")).json()["items"]


MATCH, JSON = "/v1/learning-sites/match", {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", [MATCH, "/v1/tta-requests", "/v1/contact-submissions"])
@pytest.mark.parametrize("depth", [DEPTH_LIMIT + 1, 300, 100_000])
async def test_a_body_that_is_nested_too_deep_is_told_how_deep_it_may_be(reader, path, depth):
    for body in (b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth):
        told = assert_problem(await reader.post(path, content=body[:250_000], headers=JSON), 422, "invalid")
        assert f"{DEPTH_LIMIT} levels" in told["errors"][0]["detail"]
    enough = b"[" * DEPTH_LIMIT + b"]" * DEPTH_LIMIT
    answer = await reader.post(path, content=enough, headers=JSON)
    assert "levels" not in answer.text


def test_depth_is_not_counted_in_strings_nor_where_it_ends():
    deep = b"[" * (DEPTH_LIMIT + 1)
    assert is_too_deep(deep)
    for body in (b'["' + deep + b'"]', b'["\\"' + deep + b'"]', b"[" + b"[1]," * 1000 + b"1]", b'"' + deep, b'["\\'):
        assert not is_too_deep(body)
    assert is_too_deep(b'["\\\\",' + deep)


async def test_a_compressed_body_is_not_taken_for_another(reader):
    for headers in ({"Content-Encoding": "gzip"}, {"Content-Encoding": "BR"}):
        answer = await reader.post(MATCH, content=b"\x1f\x8b", headers={**JSON, **headers})
        assert "uncompressed" in assert_problem(answer, 415, "unsupported-media-type")["detail"]
    answer = await reader.post(MATCH, content=b"{}", headers={**JSON, "Content-Encoding": "identity"})
    assert answer.status_code == 200


async def test_a_body_that_does_not_come_is_a_matter_of_time(reader, monkeypatch):
    monkeypatch.setattr(door, "BODY_SECONDS", 0.01)

    async def slow():
        yield b'{"setting":'
        await asyncio.sleep(1)
        yield b'"urban"}'

    scope = {
        "type": "http", "method": "POST", "path": MATCH, "raw_path": MATCH.encode(), "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }  # fmt: skip
    sent, pieces = [], slow()

    async def receive():
        return {"type": "http.request", "body": await anext(pieces), "more_body": True}

    async def send(message):
        sent.append(message)

    await reader._transport.app(scope, receive, send)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["type"] == "/problems/request-timeout"
