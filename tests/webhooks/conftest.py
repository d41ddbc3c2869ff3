"""A toolkit that may post to the loopback, with one partner and its key."""

from datetime import UTC, datetime

import pytest

from tests.access.make import a_key, an_owner
from tests.make import running


@pytest.fixture
async def desk(bare_url):
    """A toolkit that may post to the loopback, with one partner."""
    async with running(bare_url, webhook_loopback=True) as world:
        # Signatures carry the time, and verifiers compare it with theirs.
        world.clock.now = datetime.now(UTC)
        yield world


@pytest.fixture
async def partner(desk):
    return await an_owner(desk)


@pytest.fixture
async def auth(desk, partner):
    return {"Authorization": f"Bearer {await a_key(desk, owner=partner)}"}
