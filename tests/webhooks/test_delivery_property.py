"""Whatever happens, in whatever order: each event arrives at least once with one id, and everybody reads one order."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from tests.access.make import a_key, an_owner
from tests.make import running
from tests.webhooks.make import HAPPENS, happen, receiver

PARTNERS = 2
who = st.integers(0, PARTNERS - 1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), who, st.integers(1, 3)),
        st.tuples(st.just("work"), st.sampled_from(["number_events", "dispatch", "send_webhooks"]), st.just(0)),
        st.tuples(st.just("crash"), who, st.integers(1, 5)),
        st.tuples(st.just("answers"), who, st.sampled_from([204, 500, 302, 429, "close"])),
        st.tuples(st.just("rotate"), who, st.integers(0, 1)),
        st.tuples(st.just("redeliver"), who, st.booleans()),
        st.tuples(st.just("drain"), who, st.just(0)),
        st.tuples(st.just("wait"), who, st.sampled_from([1, 61, 400, 3600])),
    ),
    max_size=20,
)


class Story:
    """Two partners with an endpoint each, and everything that goes wrong between them and us."""

    def __init__(self, world, receivers) -> None:
        self.world, self.receivers = world, receivers
        self.owners, self.auth, self.endpoints = [], [], []
        self.secrets: list[list[str]] = []
        self.happened: list[list[str]] = []

    async def begin(self) -> None:
        for theirs in self.receivers:
            owner = await an_owner(self.world)
            auth = {"X-Api-Key": await a_key(self.world, owner=owner)}
            made = await self.world.client.post("/v1/webhook-endpoints", json={"url": theirs.url}, headers=auth)
            self.owners.append(owner)
            self.auth.append(auth)
            self.endpoints.append(made.json()["id"])
            self.secrets.append([made.json()["secret"]])
            self.happened.append([])

    async def step(self, name: str, which, more) -> None:
        work = self.world.state.worker.work
        now = self.world.clock
        if name == "commit":
            self.happened[which] += await happen(self.world, self.owners[which], n=more)
        elif name == "work":
            await work[which](self.world.database, now())
            await self.world.state.worker._settle()
        elif name == "crash":  # claimed, and never settled: the worker died before or after it sent
            sender = work["send_webhooks"]
            claimed = await sender._claim(self.world.database, now(), more)
            for one in claimed[::2]:
                await sender._post(one.endpoint.url, b"{}", {"webhook-id": str(one.event.id), "lost": "yes"})
        elif name == "answers":
            self.receivers[which].status = more
        elif name == "rotate":
            path = f"/v1/webhook-endpoints/{self.endpoints[which]}/rotate"
            made = await self.world.client.post(path, json={"overlap_hours": more}, headers=self.auth[which])
            self.secrets[which].append(made.json()["secret"])
        elif name == "redeliver":
            body = {"endpoint_id": self.endpoints[which], "failed_only": more}
            answer = await self.world.client.post("/v1/deliveries/redeliver", json=body, headers=self.auth[which])
            assert answer.status_code == 202, answer.text
        elif name == "drain":
            await self.world.drain()
        elif name == "wait":
            now.advance(seconds=more)

    async def end(self) -> None:
        """Everybody is well again, and enough time goes by."""
        for theirs in self.receivers:
            theirs.status = 204
        for auth, endpoint in zip(self.auth, self.endpoints, strict=True):
            path = f"/v1/webhook-endpoints/{endpoint}"
            await self.world.client.patch(path, json={"status": "enabled"}, headers=auth)
            body = {"endpoint_id": endpoint}
            await self.world.client.post("/v1/deliveries/redeliver", json=body, headers=auth)
        for _ in range(3):
            await self.world.drain()
            self.world.clock.advance(hours=30)
        for which, owner in enumerate(self.owners):
            self.happened[which] += await happen(self.world, owner)
        await self.world.drain()

    async def feed(self, which: int, limit: int) -> list[dict]:
        seen, url = [], f"/v1/events?type={HAPPENS}&limit={limit}"
        while url:
            page = (await self.world.client.get(url, headers=self.auth[which])).json()
            seen += page["items"]
            url = page["links"]["next"]
        return seen

    async def check(self) -> None:
        positions: list[int] = []
        for which, theirs in enumerate(self.receivers):
            came = [(headers, body) for headers, body in theirs.came if "lost" not in headers]
            pings = [json.loads(body) for _, body in came]
            arrived = {event["id"] for event in pings if event["type"] == HAPPENS}
            assert arrived == set(self.happened[which]), "at least once, and nobody else's"
            bodies: dict[str, set[bytes]] = {}
            for headers, body in came:
                assert headers["webhook-id"] == json.loads(body)["id"]
                bodies.setdefault(headers["webhook-id"], set()).add(body)
            assert all(len(different) == 1 for different in bodies.values())
            newest = self.secrets[which][-1]
            Webhook(newest).verify(came[-1][1], _fresh(came[-1], newest))
            feed = await self.feed(which, 200)
            assert [event["id"] for event in feed] == [e["id"] for e in await self.feed(which, 2)]
            assert sorted(event["id"] for event in feed) == sorted(self.happened[which]), "exactly once"
            order = [event["sequence"] for event in feed]
            assert order == sorted(order)
            positions += order
        assert len(positions) == len(set(positions)), "one order for all"


def _fresh(came, secret) -> dict[str, str]:
    """The headers under a timestamp that a verifier of today takes: our clock was moved."""
    headers, body = came
    signed = Webhook(secret).sign(headers["webhook-id"], _at(headers), body.decode())
    assert signed in headers["webhook-signature"].split()
    now = datetime.now(UTC)
    return {
        "webhook-id": headers["webhook-id"], "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(headers["webhook-id"], now, body.decode()),
    }  # fmt: skip


def _at(headers) -> datetime:
    return datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)


def test_no_interleaving_loses_doubles_or_mixes_up_an_event(templates):
    """Commits, crashes, failures, rotations and redeliveries in any order."""

    async def run(story_steps) -> None:
        url = await templates.create(seeded=False)
        async with receiver() as one, receiver() as two, running(url, webhook_loopback=True) as world:
            world.clock.now = datetime.now(UTC) - timedelta(days=10)
            story = Story(world, [one, two])
            await story.begin()
            for step in story_steps:
                await story.step(*step)
            await story.end()
            await story.check()
        await asyncio.to_thread(templates.drop, url)

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(steps)
    def holds(story_steps) -> None:
        asyncio.run(run(story_steps))

    holds()
