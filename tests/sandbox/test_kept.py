"""What a sandbox keeps to be read is read to its end, page by page."""

import pytest

from tests.sandbox.make import a_sandbox


@pytest.mark.parametrize("what", ["inbox", "mail"])
async def test_all_that_a_sandbox_keeps_is_reached_by_its_links(world, what):
    box = await a_sandbox(world.client)
    await box.listens()
    for _ in range(3):
        await box.asks()
        await world.drain()
    whole = await box.get(f"/v1/sandboxes/current/{what}")
    assert whole["total"] == len(whole["items"]) > 2
    assert whole["links"] == {"self": f"/v1/sandboxes/current/{what}", "next": None, "prev": None}
    found, url = [], f"/v1/sandboxes/current/{what}?limit=2"
    while url:
        answer = await world.client.get(url, headers=box.headers)
        page = answer.json()
        found += page["items"]
        url = page["links"]["next"]
        assert (f'<{url}>; rel="next"' in answer.headers.get("link", "")) == bool(url)
    assert found == whole["items"]
