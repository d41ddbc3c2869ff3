"""A sandbox on a running server."""

import asyncio
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
