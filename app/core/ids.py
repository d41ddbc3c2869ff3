"""Identifiers: UUIDs that sort by the time they were made (version 7, RFC 9562)."""

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """Make a UUIDv7: 48 bits of Unix milliseconds, then 74 random bits."""
    # Index pages fill from one end, so an insert touches the page that is already in memory.
    milliseconds = time.time_ns() // 1_000_000
    bits = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10))
    bits = bits & ~(0xF << 76) | 0x7 << 76
    return UUID(int=bits & ~(0x3 << 62) | 0x2 << 62)
