"""Identifiers: UUIDs that sort by the time they were made (version 7, RFC 9562).

The time in them is the machine's, asked through `app.core.clock` and not handed in: they tell in which order rows were
made, in sandboxes whose clock was moved too, and nothing reads them as an instant.
"""

import os
from uuid import UUID

from app.core.clock import unix_milliseconds

_STEP_BITS = 32
_last = 0
"""The newest id of this process; the next one is greater, also within one millisecond."""


def new_id() -> UUID:
    """Make a UUIDv7: 48 bits of Unix milliseconds, then 74 random bits; later ones of a process are greater.

    Facts that one transaction writes at one instant are read back in the order in which they were written.
    """
    # Index pages fill from one end, so an insert touches the page that is already in memory.
    global _last  # noqa: PLW0603 - the monotonic counter of RFC 9562, section 6.2, method 2
    chance = int.from_bytes(os.urandom(10))
    fresh = (unix_milliseconds() & (1 << 48) - 1) << 74 | chance >> 6
    if fresh <= _last:
        # Within a millisecond, or while the clock is set back: a random step forward, never a repetition.
        fresh = _last + 1 + (chance & (1 << _STEP_BITS) - 1)
    _last = fresh
    high, low = fresh >> 62, fresh & (1 << 62) - 1
    return UUID(int=(high >> 12) << 80 | 0x7 << 76 | (high & 0xFFF) << 64 | 0x2 << 62 | low)
