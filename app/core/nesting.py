"""How deep JSON is nested, found without reading it: parsers give up at depths of their own, each in its own words."""

import re
from itertools import accumulate, count
from operator import sub

DEPTH_LIMIT = 64
"""Objects and lists inside one another in a JSON body; no form here needs ten."""
# The quote that ends a string is optional, so that one without end is passed over once and not from each quote in it.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_STEPS = bytes.maketrans(b"[{]}", b"\2\2\0\0")
_BESIDE = bytes(byte for byte in range(256) if byte not in b"[]{}")


def is_too_deep(body: bytes, limit: int = DEPTH_LIMIT) -> bool:
    """Whether more objects and lists lie inside one another than the limit."""
    if body.count(b"[") + body.count(b"{") <= limit:
        return False  # nearly every body there is
    # Two for what opens and nothing for what closes, less one for each: the depth, without a loop in Python.
    steps = _STRING.sub(b"", body).translate(_STEPS, _BESIDE)
    return max(map(sub, accumulate(steps), count(1)), default=0) > limit
