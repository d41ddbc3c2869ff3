"""A sandbox on a running server."""

import asyncio
import json
import signal

from tests.ops.make import server


async def test_a_stream_ends_well_when_the_server_is_told_to_stop(bare_url):
    async with server(bare_url, APP_SHUTDOWN_SECONDS="60") as (client, process, _):
        key = (await client.post("/v1/sandboxes")).json()["key"]
        headers = {"X-Api-Key": key}
        async with client.stream("GET", "/v1/events/stream", headers=headers, timeout=30) as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == "retry: 2000"
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(15):
                assert [line async for line in lines if line] == []
        assert await asyncio.wait_for(process.wait(), 30) == 0


async def heard(client, headers, count, **more):
    """So many events of the stream, each with its id."""
    found, last = [], None
    async with (
        asyncio.timeout(30),
        client.stream("GET", "/v1/events/stream", headers={**headers, **more}, timeout=30) as stream,
    ):
        async for line in stream.aiter_lines():
            if line.startswith("id: "):
                last = line.removeprefix("id: ")
            elif line.startswith("data: "):
                found.append((last, json.loads(line.removeprefix("data: "))["id"]))
            if len(found) == count:
                break
    return found


async def test_a_stream_goes_on_after_a_restart_where_it_stopped(bare_url):
    async with server(bare_url) as (client, process, _):
        headers = {"X-Api-Key": (await client.post("/v1/sandboxes")).json()["key"]}
        made = await client.post("/v1/webhook-endpoints", json={"url": "https://partner.example/"}, headers=headers)
        test = f"/v1/webhook-endpoints/{made.json()['id']}/test"
        ids = [(await client.post(test, headers=headers)).json()["event_id"] for _ in range(3)]
        first = await heard(client, headers, 1, **{"Last-Event-ID": "0"})
        # Written and not yet numbered, perhaps, when the server is gone at once.
        ids += [(await client.post(test, headers=headers)).json()["event_id"] for _ in range(2)]
        process.kill()
        await process.wait()
    async with server(bare_url) as (client, _, _lines):
        ids += [(await client.post(test, headers=headers)).json()["event_id"] for _ in range(2)]
        rest = await heard(client, headers, 6, **{"Last-Event-ID": first[0][0]})
    assert [id_ for _, id_ in first + rest] == ids
