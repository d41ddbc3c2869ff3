"""Counters in Redis, for replicas that must agree."""

from typing import Any

from limits.aio.storage import RedisStorage
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.access.policies import Policy

PATIENCE = 2.0
"""Seconds that Redis has for an answer."""
CONNECTIONS = 16


class Shared:
    """Counters in Redis, the same for every replica."""

    def __init__(self, url: str) -> None:
        """Nothing connects yet."""
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=PATIENCE,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),
        )
        self._client = Redis(connection_pool=pool)
        given: dict[str, Any] = {"connection_pool": pool}
        self._store = RedisStorage("async+" + url, implementation="redispy", key_prefix="pmhc:limits", **given)

    async def count(self, policy: Policy, who: str) -> tuple[int, float]:
        """Count one request: how many in this window so far, and the seconds until it ends.

        OSError where Redis does not answer.
        """
        key = f"{policy.name}:{policy.window}:{who}"
        try:
            count = await self._store.incr(key, policy.window)
            left = await self._client.pttl(self._store.bridge.prefixed_key(key))
        except RedisError as error:
            raise ConnectionError(type(error).__name__) from error
        return count, max(left, 0) / 1000

    async def ping(self) -> None:
        """Ask whether it is there; OSError where it does not answer."""
        try:
            await self._client.pttl("pmhc:limits")
        except RedisError as error:
            raise ConnectionError(type(error).__name__) from error

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose(close_connection_pool=True)
