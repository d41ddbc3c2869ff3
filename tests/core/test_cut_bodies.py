"""A client that goes away before its body is whole has asked for nothing: no endpoint sees the part that came."""

import json

import pytest

from tests.contact.test_contact import PATH, PDF, POLICY, QUESTION
from tests.make import running


@pytest.fixture
async def desk(database_url, tmp_path):
    async with running(database_url, files_url=f"file:{tmp_path}/files") as world:
        yield world


async def cut(world, method: str, path: str, part: bytes, headers: dict[str, str]) -> list[dict]:
    """Send part of a body and go away, as the server tells it to the application; what was answered to nobody."""
    said = iter([{"type": "http.request", "body": part, "more_body": True}, {"type": "http.disconnect"}])
    sent = []

    async def receive():
        return next(said)

    async def send(message):
        sent.append(message)

    named = {"Content-Length": str(len(part) + 1), **headers}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": method,
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "client": ("127.0.0.1", 5000),
        "server": ("testserver", 80),
        "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
    }  # fmt: skip
    await world.app(scope, receive, send)
    return sent


async def test_a_cut_upload_is_not_kept_and_the_whole_one_is_taken(desk):
    receipt = (await desk.client.post(PATH, json=POLICY)).json()
    href = receipt["attachments"][0]["href"]
    headers = {"X-Status-Token": receipt["status_token"], "Content-Type": "application/pdf"}
    assert (await cut(desk, "PUT", href, PDF[:50], headers))[0]["status"] == 400
    assert (await desk.client.get(href, headers=headers)).status_code == 404, "nothing was kept"
    whole = await desk.client.put(href, content=PDF, headers=headers)
    assert (whole.status_code, whole.json()["size_bytes"]) == (200, len(PDF))


async def test_a_submission_with_fewer_bytes_than_announced_is_not_taken_though_it_can_be_read(desk):
    key = {"Idempotency-Key": "cut-0001", "Content-Type": "application/json"}
    assert (await cut(desk, "POST", PATH, json.dumps(QUESTION).encode(), key))[0]["status"] == 400
    whole = await desk.client.post(PATH, json=QUESTION, headers=key)
    assert (whole.status_code, "Idempotent-Replayed" in whole.headers) == (201, False)
