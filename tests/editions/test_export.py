"""The export: each client its form, and a digest of the bytes that it gets."""

import base64
import hashlib

import pytest

NDJSON, JSON = "application/x-ndjson", "application/json"
FORMS = ((None, NDJSON), ("*/*", NDJSON), (JSON, JSON), (NDJSON, NDJSON))


@pytest.mark.parametrize("asked", [FORMS, FORMS[::-1]])
async def test_what_one_client_takes_is_not_what_the_next_one_gets(client, asked):
    del client.headers["accept"]
    for _ in range(2):
        for accept, form in asked:
            answer = await client.get("/v1/export", headers={"Accept": accept} if accept else {})
            assert (answer.headers["content-type"], "Accept" in answer.headers["vary"]) == (form, True), accept


@pytest.mark.parametrize("form", ["ndjson", "json"])
@pytest.mark.parametrize("coding", ["identity", "gzip", "br", "zstd"])
async def test_the_digest_is_of_the_bytes_that_are_sent(reader, form, coding):
    for _ in range(2):
        headers = {"Accept-Encoding": f"{coding}, *;q=0"}
        async with reader.stream("GET", f"/v1/export?format={form}", headers=headers) as answer:
            raw = b"".join([chunk async for chunk in answer.aiter_raw()])
        assert answer.headers.get("content-encoding", "identity") == coding
        told = base64.b64encode(hashlib.sha256(raw).digest()).decode()
        assert answer.headers["content-digest"] == f"sha-256=:{told}:"
