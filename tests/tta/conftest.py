"""Who asks and who answers; and a world that the property tests of a module share, where none minds the others."""

from collections.abc import AsyncIterator

import pytest

from tests.access.conftest import statements
from tests.make import World, anyio_thread, running
from tests.tta.make import Person, a_member_of_staff, a_partner

__all__ = ["shared", "statements"]


@pytest.fixture(scope="module")
async def shared(templates) -> AsyncIterator[World]:
    url = await templates.create(seeded=True)
    async with running(url) as world:
        yield world
    await anyio_thread(templates.drop, url)


@pytest.fixture
async def staff(world) -> Person:
    return await a_member_of_staff(world)


@pytest.fixture
async def partner(world) -> Person:
    return await a_partner(world)
