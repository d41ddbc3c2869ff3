"""When a letter that did not get through is tried again. Pure.

Half a minute after the first failure, then twice as long each time, up to four hours: twenty attempts in two days.
Jitter keeps letters that failed together from coming back together.
"""

from datetime import datetime, timedelta

FIRST, LONGEST = timedelta(seconds=30), timedelta(hours=4)
ATTEMPTS = 20
JITTER = 0.2


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts, before jitter."""
    return min(FIRST * float(2 ** (attempts - 1)), LONGEST)


def next_attempt(now: datetime, attempts: int, chance: float) -> datetime | None:
    """When to try again; None where that was the last attempt. `chance` is a number in [0, 1)."""
    if attempts >= ATTEMPTS:
        return None
    return now + wait_after(attempts) * (1 + JITTER * (2 * chance - 1))
