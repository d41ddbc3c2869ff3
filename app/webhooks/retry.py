"""When a failed delivery is tried again. Pure.

The table of Standard Webhooks: three days, with jitter so that many partners' repeats do not come at once.
A receiver's own `Retry-After` is kept where it asks for more.
"""

from datetime import datetime, timedelta

WAITS = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
"""Seconds after the first, second, … failed attempt."""
ATTEMPTS = len(WAITS) + 1
JITTER = 0.2
LONGEST = 24 * 3600
DISABLE_AFTER = timedelta(days=5)
"""An endpoint that fails for so long, without one success, is disabled."""


def next_attempt(now: datetime, attempts: int, retry_after: int | None, chance: float) -> datetime | None:
    """When to try again after so many attempts; None where that was the last. `chance` is a number in [0, 1)."""
    if attempts >= ATTEMPTS:
        return None
    wait = WAITS[attempts - 1] * (1 + JITTER * (2 * chance - 1))
    return max(now + timedelta(seconds=wait), asked_for(now, retry_after or 0))


def asked_for(now: datetime, retry_after: int) -> datetime:
    """When a receiver that asks for so many seconds may be tried again: a day later at most."""
    return now + timedelta(seconds=min(retry_after, LONGEST * (1 + JITTER)))
