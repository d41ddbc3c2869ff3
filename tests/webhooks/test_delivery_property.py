"""Whatever happens, in whatever order: each event arrives at least once with one id, and everybody reads one order."""

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from app.webhooks.secret import PREVIOUS_MOST
from tests.access.make import a_key, an_owner
from tests.make import running
from tests.webhooks.make import HAPPENS, Receiver, happen, receiver

PARTNERS, EACH = 2, 2
ALWAYS = datetime.max.replace(tzinfo=UTC)
who, where, nobody = st.integers(0, PARTNERS - 1), st.integers(0, PARTNERS * EACH - 1), st.just(0)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), who, st.integers(1, 3)),
        st.tuples(st.just("work"), st.sampled_from(["number_events", "dispatch", "send_webhooks"]), nobody),
        st.tuples(st.just("crash"), nobody, st.integers(1, 5)),
        st.tuples(st.just("answers"), where, st.sampled_from([204, 500, 302, 410, 429, "close"])),
        st.tuples(st.just("set"), where, st.sampled_from(["paused", "enabled", "disabled"])),
        st.tuples(st.just("ping"), where, nobody),
        st.tuples(st.just("rotate"), where, st.integers(0, 1)),
        st.tuples(st.just("redeliver"), where, st.booleans()),
        st.tuples(st.just("drain"), nobody, nobody),
        st.tuples(st.just("wait"), nobody, st.sampled_from([1, 61, 400, 3600])),
    ),
    max_size=20,
)


@dataclass
class Secret:
    """A secret that was shown, and when it signs."""

    text: str
    since: datetime
    until: datetime = ALWAYS

    def signed(self, headers, body) -> bool:
        made = Webhook(self.text).sign(headers["webhook-id"], _at(headers), body.decode())
        return made in headers["webhook-signature"].split()


@dataclass
class Endpoint:
    """An endpoint, as its partner keeps book of it."""

    owner: int
    auth: dict[str, str]
    receiver: Receiver
    id: str = ""
    secrets: list[Secret] = field(default_factory=list)
    pings: set[str] = field(default_factory=set)

    def renew(self, text: str, now: datetime, hours: int) -> None:
        """Those that still sign go on until the overlap ends: the oldest and the last, where they are many."""
        still = [one for one in reversed(self.secrets) if one.until > now]
        for place, one in enumerate(still):
            kept = hours and (place < PREVIOUS_MOST - 1 or place == len(still) - 1)
            one.until = now + timedelta(hours=hours) if kept else now
        self.secrets.append(Secret(text, now))

    def check(self, happened: list[str]) -> None:
        """What came: all that happened, its own test events and no other's, each signed by what was valid then."""
        came = [(headers, body) for headers, body in self.receiver.came if "lost" not in headers]
        arrived: dict[str, set[str]] = {}
        bodies: dict[str, set[bytes]] = {}
        for headers, body in came:
            event = json.loads(body)
            assert headers["webhook-id"] == event["id"]
            arrived.setdefault(event["type"], set()).add(event["id"])
            bodies.setdefault(event["id"], set()).add(body)
            # At the very second of a rotation it may have gone out before or after it.
            at = _at(headers)
            may = [one for one in self.secrets if one.since <= at <= one.until and one.signed(headers, body)]
            must = [one for one in self.secrets if one.since < at < one.until]
            assert len(may) == len(headers["webhook-signature"].split()) > 0, "signed by no other secret"
            assert all(one.signed(headers, body) for one in must), "signed by each that is valid"
        assert arrived.get(HAPPENS, set()) == set(happened), "at least once, and nobody else's"
        assert arrived.get("webhook.ping", set()) == self.pings
        assert all(len(different) == 1 for different in bodies.values())


class Story:
    """Two partners with two endpoints each, and everything that goes wrong between them and us."""

    def __init__(self, world, receivers) -> None:
        self.world, self.receivers = world, receivers
        self.owners, self.endpoints = [], []
        self.happened: list[list[str]] = [[] for _ in range(PARTNERS)]

    async def begin(self) -> None:
        for which in range(PARTNERS):
            owner = await an_owner(self.world)
            self.owners.append(owner)
            auth = {"X-Api-Key": await a_key(self.world, owner=owner)}
            for theirs in self.receivers[which::PARTNERS]:
                endpoint = Endpoint(which, auth, theirs)
                made = await self.ask(endpoint, "POST", "/v1/webhook-endpoints", {"url": theirs.url}, 201)
                endpoint.id = made["id"]
                endpoint.secrets.append(Secret(made["secret"], self.world.clock()))
                self.endpoints.append(endpoint)

    async def ask(self, endpoint: Endpoint, method: str, path: str, body, *statuses: int) -> dict:
        answer = await self.world.client.request(method, path, json=body, headers=endpoint.auth)
        assert answer.status_code in statuses, answer.text
        return answer.json()

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
        elif name == "drain":
            await self.world.drain()
        elif name == "wait":
            now.advance(seconds=more)
        else:
            await self.at_an_endpoint(name, self.endpoints[which], more)

    async def at_an_endpoint(self, name: str, endpoint: Endpoint, more) -> None:
        path = f"/v1/webhook-endpoints/{endpoint.id}"
        if name == "answers":
            endpoint.receiver.status = more
        elif name == "set":
            await self.ask(endpoint, "PATCH", path, {"status": more}, 200)
        elif name == "ping":
            told = await self.ask(endpoint, "POST", f"{path}/test", None, 202, 409)
            endpoint.pings |= {told["event_id"]} if "event_id" in told else set()
        elif name == "rotate":
            made = await self.ask(endpoint, "POST", f"{path}/rotate", {"overlap_hours": more}, 200)
            endpoint.renew(made["secret"], self.world.clock(), more)
        elif name == "redeliver":
            body = {"endpoint_id": endpoint.id, "failed_only": more}
            await self.ask(endpoint, "POST", "/v1/deliveries/redeliver", body, 202, 409)

    async def end(self) -> None:
        """Everybody is well again, and enough time goes by."""
        for endpoint in self.endpoints:
            endpoint.receiver.status = 204
            await self.at_an_endpoint("set", endpoint, "enabled")
            await self.step("redeliver", self.endpoints.index(endpoint), more=True)
        for _ in range(3):
            await self.world.drain()
            self.world.clock.advance(hours=30)
        for which, owner in enumerate(self.owners):
            self.happened[which] += await happen(self.world, owner)
        await self.world.drain()

    async def feed(self, endpoint: Endpoint, limit: int) -> list[dict]:
        seen, url = [], f"/v1/events?type={HAPPENS}&limit={limit}"
        while url:
            page = await self.ask(endpoint, "GET", url, None, 200)
            seen += page["items"]
            url = page["links"]["next"]
        return seen

    async def check(self) -> None:
        for endpoint in self.endpoints:
            endpoint.check(self.happened[endpoint.owner])
        positions: list[int] = []
        for which, endpoint in enumerate(self.endpoints[::EACH]):
            feed = await self.feed(endpoint, 200)
            assert [event["id"] for event in feed] == [e["id"] for e in await self.feed(endpoint, 2)]
            assert sorted(event["id"] for event in feed) == sorted(self.happened[which]), "exactly once"
            order = [event["sequence"] for event in feed]
            assert order == sorted(order)
            positions += order
        assert len(positions) == len(set(positions)), "one order for all"


def _at(headers) -> datetime:
    return datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)


def test_no_interleaving_loses_doubles_or_mixes_up_an_event(templates):
    """Commits, crashes, failures, pauses, rotations and redeliveries in any order."""

    async def run(story_steps) -> None:
        url = await templates.create(seeded=False)
        async with AsyncExitStack() as open_, running(url, webhook_loopback=True) as world:
            receivers = [await open_.enter_async_context(receiver()) for _ in range(PARTNERS * EACH)]
            world.clock.now = datetime.now(UTC).replace(microsecond=0) - timedelta(days=10)
            story = Story(world, receivers)
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
