"""Before a request is whole: so many bytes, so many seconds, and a problem document for what is no HTTP."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
import uvicorn
from uvicorn.server import ServerState

from app.core.answers import Answer, Answers
from app.core.wire import HEAD_LIMIT, Wire


class Impatient(Wire):
    head_seconds = 0.05


async def hello(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


@asynccontextmanager
async def connection(protocol=Wire):
    config = uvicorn.Config(hello, http=protocol, ws="none", lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        yield reader, writer
    finally:
        writer.close()
        server.close()


async def told(reader) -> tuple[int, dict]:
    """The whole answer: the server closes after a refusal."""
    async with asyncio.timeout(10):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    headers = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
    problem = json.loads(body)
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"connection"] == b"close"
    assert headers[b"x-request-id"].decode() == problem["request_id"]
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"access-control-allow-origin"] == b"*"
    assert b"X-Request-Id" in headers[b"access-control-expose-headers"]
    return int(head.split()[1]), problem


NO_HTTP = (b"FOO /v1 HTTP/1.1", b"get / HTTP/1.1", b"GET / HTTP/1.1\r\nA: b\x00c", b"\x16\x03\x01")


@pytest.mark.parametrize("sent", NO_HTTP)
async def test_what_is_no_http_is_a_problem(sent):
    async with connection() as (reader, writer):
        writer.write(sent + b"\r\n\r\n")
        status, problem = await told(reader)
        assert (status, problem["status"], problem["type"]) == (400, 400, "/problems/bad-request")
        assert "percent" not in problem["detail"]


@pytest.mark.parametrize("address", ["/v1/search?q=caf\u00e9", "/v1/\u00e9"])
async def test_an_address_that_is_not_encoded_is_told_how_it_is_written(address):
    async with connection() as (reader, writer):
        writer.write(f"GET {address} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        status, problem = await told(reader)
        assert status == 400
        assert "percent-encode" in problem["detail"]


async def test_headers_without_end_are_refused_while_they_come():
    async with connection() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n" + b"X-Much: more\r\n" * (HEAD_LIMIT // 14))
        assert (await told(reader))[0] == 431


async def test_a_body_that_comes_together_with_its_head_does_not_count_as_head():
    body = b"a" * (2 * HEAD_LIMIT)
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    async with connection() as (reader, writer):
        for _ in range(3):
            writer.write(request)
            async with asyncio.timeout(10):
                assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200")
        writer.write(request + request + request[:10])
        await writer.drain()
        writer.write(request[10:])
        for _ in range(3):
            async with asyncio.timeout(10):
                assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200")


async def test_a_head_that_never_ends_is_left():
    async with connection(Impatient) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nX-Slow")
        assert (await told(reader))[0] == 408


async def test_a_connection_that_says_nothing_is_left_without_a_word():
    async with connection(Impatient) as (reader, _writer), asyncio.timeout(10):
        assert await reader.read() == b""


async def test_a_head_in_pieces_is_read_and_the_connection_goes_on():
    async with connection() as (reader, writer):
        for _ in range(3):
            for piece in (b"GET / HT", b"TP/1.1\r\nHost: x\r", b"\n\r\n"):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200")


async def test_a_websocket_is_answered_like_any_other_request():
    async with connection() as (reader, writer):
        writer.write(
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200")


def test_what_clients_choose_counts_against_the_bound_of_the_cache():
    answers = Answers(1_000_000)
    for n in range(200):
        answers.keeper(("/v1", b"", b"x" * 20_000 + str(n).encode()))(Answer(b"{}"))
    assert len(answers._held) < 50
    assert answers.size <= 1_000_000
    answers.clear()
    assert answers.size == 0
