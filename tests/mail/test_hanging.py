"""A mail server that hangs, at the level of the whole program: it holds up letters, and nothing else."""

import asyncio
from collections import Counter

from sqlalchemy import func, select

from app.core.feed import Counter as Position
from app.core.notices import Notice, NoticeStatus
from app.core.work import Event
from app.mail.room import PLACES
from tests.mail.post import HANG, post_office
from tests.make import running
from tests.tta.make import a_partner

LETTERS = 2
"""Of a request that arrives: to whom it is from, and to the desk."""


async def comes_true(condition):
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.01)


async def test_a_mail_server_that_hangs_delays_neither_posts_nor_other_tasks(database_url, tmp_path):
    async with post_office(tmp_path) as post:
        post.script = [HANG] * PLACES
        mail = {"mail_url": f"smtp://127.0.0.1:{post.port}", "mail_from": "toolkit@pmhc.example"}
        mail["staff_mail"] = "desk@pmhc.example"
        async with running(database_url, worker="inline", **mail) as world:
            partner = await a_partner(world)
            for _ in range(PLACES // LETTERS):
                await partner.asks()

            async def every_place_hangs():
                return post.at_once == PLACES

            await comes_true(every_place_hangs)
            later = await partner.asks()

            async def numbered_and_dispatched():
                async with world.database.read() as session:
                    waiting = await session.scalar(select(func.count()).where(Event.position.is_(None)))
                    newest = await session.scalar(select(func.max(Event.position)))
                    return not waiting and (await session.get_one(Position, "dispatch")).value == newest

            await comes_true(numbered_and_dispatched)
            assert (await partner.sees(later))["status"] == "submitted"
            assert post.at_once == PLACES, "all this while every letter hung"
            post.comes_to.set()

            async def all_put_off():
                async with world.database.read() as session:
                    states = Counter(await session.scalars(select(Notice.outcome)))
                return states["smtp-451"] == PLACES and states["smtp-250"] == LETTERS

            await comes_true(all_put_off)
            world.clock.advance(minutes=5)
            world.state.wake()

            async def all_sent():
                async with world.database.read() as session:
                    return set(await session.scalars(select(Notice.status))) == {NoticeStatus.SENT}

            await comes_true(all_sent)
        # The server has those that hung twice, under one Message-ID each: at least once, and known as the same.
        assert sorted(Counter(post.ids).values()) == [1] * LETTERS + [2] * PLACES
