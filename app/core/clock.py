"""The only module that asks what time it is.

Everything else is handed an instant, or a `Clock` to ask; tests hand in a clock that they move.
A house test reads the source of every other module to keep this true.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present instant, in UTC."""


def utcnow() -> datetime:
    """Answer the present instant, in UTC, to the microsecond."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds on a clock that never runs backwards: for measuring durations only."""
    return time.perf_counter()


def unix_milliseconds() -> int:
    """The machine's time for identifiers, which is never moved."""
    return time.time_ns() // 1_000_000


def rfc3339(instant: datetime) -> str:
    """Write an instant as clients read it: `2026-11-23T13:26:22.123456Z`, fractions only where there are any."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
