"""Counts requests: in Redis where replicas must agree, in memory otherwise, and in memory while Redis is away.

A limit is a courtesy to the other callers, not a lock: when Redis does not answer, requests pass under the limits that
this process counts by itself, and the log and the metric `rate_limit_store_up` say so. Redis is asked again after
`PAUSE` seconds, so that a dead one delays one request in that time and not each.

Why the memory counter is ours: the library's walks every caller it knows at each request, which took 3 ms with 10,000
callers; ours takes a microsecond, and holds a bounded number of them.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from app.access.policies import Policy
from app.core.answers import Headers
from app.core.clock import Clock, monotonic
from app.core.errors import TooManyRequests

if TYPE_CHECKING:
    from app.access.shared import Shared

log = structlog.get_logger()
PAUSE = 10.0
CALLERS = 50_000
"""Callers remembered for each policy; a flood of addresses pushes the oldest out, and fills no memory."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands after a request."""

    policy: Policy
    remaining: int
    seconds: int
    refused: bool

    def headers(self) -> Headers:
        """What every limited answer says (draft-ietf-httpapi-ratelimit-headers)."""
        policy = self.policy
        return [
            (b"ratelimit-policy", f'"{policy.name}";q={policy.quota};w={policy.window}'.encode()),
            (b"ratelimit", f'"{policy.name}";r={self.remaining};t={self.seconds}'.encode()),
        ]

    def refusal(self) -> TooManyRequests:
        """The 429 that says when to come again."""
        policy = self.policy
        told = {name.decode(): value.decode() for name, value in self.headers()}
        return TooManyRequests(
            f"The limit `{policy.name}` is {policy.quota} requests in {policy.window} seconds for each {policy.per}; "
            f"the next passes in {self.seconds} seconds. `GET /v1/whoami` lists the limits, and a partner's key has "
            "larger ones.",
            headers={**told, "Retry-After": str(self.seconds)},
            policy=policy.name,
            quota=policy.quota,
            window_seconds=policy.window,
            retry_after_seconds=self.seconds,
        )


class Limiter:
    """Counts what each caller used of each policy."""

    def __init__(self, clock: Clock, redis_url: str | None, registry: CollectorRegistry) -> None:
        """Connects to nothing until the first request."""
        self._memory = Memory(clock)
        self._redis = _shared(redis_url) if redis_url else None
        self._away_until = -math.inf
        self._refused = Counter("rate_limited", "Requests refused with 429.", ["policy"], registry=registry)
        self._up = Gauge("rate_limit_store_up", "Whether the shared counters answer.", registry=registry)
        self._up.set(1)

    async def take(self, policy: Policy, who: str) -> Standing:
        """Count one request and say where the caller stands."""
        count, left = await self._count(policy, who)
        seconds = max(1, math.ceil(left))
        standing = Standing(policy, max(0, policy.quota - count), seconds, refused=count > policy.quota)
        if standing.refused:
            self._refused.labels(policy.name).inc()
        return standing

    async def _count(self, policy: Policy, who: str) -> tuple[int, float]:
        if self._redis is None or monotonic() < self._away_until:
            return self._memory.count(policy, who)
        away = not math.isinf(self._away_until)
        if away:
            self._away_until = monotonic() + PAUSE  # one request asks; the others need not wait with it
        try:
            counted = await self._redis.count(policy, who)
        except (OSError, TimeoutError) as error:
            if math.isinf(self._away_until):
                log.warning("limits.store_away", cause=type(error).__name__, counting="in this process")
            self._away_until = monotonic() + PAUSE
            self._up.set(0)
            return self._memory.count(policy, who)
        if away:
            log.info("limits.store_back")
            self._away_until = -math.inf
            self._up.set(1)
        return counted

    async def close(self) -> None:
        """Give connections back."""
        if self._redis is not None:
            await self._redis.close()


class Memory:
    """Counters of one process."""

    def __init__(self, clock: Clock) -> None:
        """Know nobody yet."""
        self._clock = clock
        self._windows: dict[str, OrderedDict[str, tuple[int, float]]] = {}

    def count(self, policy: Policy, who: str) -> tuple[int, float]:
        """Count one request: how many in this window so far, and the seconds until it ends."""
        now = self._clock().timestamp()
        windows = self._windows.setdefault(policy.name, OrderedDict())
        count, ends = windows.get(who, (0, 0.0))
        # A clock that was set back must lock nobody out.
        if not now < ends <= now + policy.window:
            count, ends = 0, now + policy.window
            windows.pop(who, None)
        windows[who] = (count + 1, ends)
        # Windows of one policy end in the order in which they began: the front is the oldest.
        while len(windows) > CALLERS or next(iter(windows.values()))[1] <= now:
            windows.popitem(last=False)
        return count + 1, ends - now


def _shared(url: str) -> "Shared":
    # Its libraries take eight megabytes and a twentieth of the start, and only replicas need them.
    from app.access.shared import Shared  # noqa: PLC0415

    return Shared(url)
