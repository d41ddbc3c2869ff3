"""How deep JSON is nested, found without reading it: parsers give up at depths of their own, each in its own words."""

import re

DEPTH_LIMIT = 64
"""Objects and lists inside one another in a JSON body; no form here needs ten."""
# The quote that ends a string is optional, so that one without end is passed over once and not from each quote in it.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)


def is_too_deep(body: bytes, limit: int = DEPTH_LIMIT) -> bool:
    """Whether more objects and lists lie inside one another than the limit."""
    if body.count(b"[") + body.count(b"{") <= limit:
        return False  # nearly every body there is
    depth = 0
    for token in _TOKEN.finditer(body):
        first = body[token.start()]
        if first in b"[{":
            depth += 1
            if depth > limit:
                return True
        elif first in b"]}":
            depth -= 1
    return False
