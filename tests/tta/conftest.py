"""A world that the property tests of a module share: each example adds to it, and none minds the others."""

from collections.abc import AsyncIterator

import pytest

from tests.access.conftest import statements
from tests.make import World, anyio_thread, running

__all__ = ["shared", "statements"]


@pytest.fixture(scope="module")
async def shared(templates) -> AsyncIterator[World]:
    url = await templates.create(seeded=True)
    async with running(url) as world:
        yield world
    await anyio_thread(templates.drop, url)
