"""Which addresses there are, which methods each knows, and which of them pages of any origin may use."""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts

OPEN_WRITES = frozenset(("/v1/learning-sites/match", "/v1/tta-requests", "/v1/contact-submissions", "/v1/sandboxes"))
"""What pages of any origin may post to: nothing there acts on a browser's own authority."""
OPEN_READS = re.compile(
    r"^/(v1(?!/(keys|audit|webhook-endpoints|events|deliveries|me|whoami)(/|$))"
    r"|openapi\.json$|problems(/|$)|llms\.txt$|\.well-known/|$)"
)


class Addresses:
    """The addresses of an application; read from its routes when first needed."""

    def __init__(self, app: FastAPI) -> None:
        """Remember where to look: routes may still be added."""
        self._app = app

    def contexts(self) -> Iterator[RouteContext]:
        """Every route, those of included routers too."""
        yield from iter_route_contexts(self._app.routes)

    def methods(self, path: str) -> list[str]:
        """The methods of an address, HEAD beside GET; empty where there is none."""
        found = set(self._exact.get(path, ()))
        if not found:
            found = {method for pattern, methods in self._patterns if pattern.match(path) for method in methods}
        if "GET" in found:
            found.add("HEAD")
        return sorted(found)

    def opened(self, method: str, path: str) -> bool:
        """Whether pages of any origin may use it."""
        if method in ("GET", "HEAD"):
            return bool(OPEN_READS.match(path))
        return (method in ("POST", "OPTIONS") and path in OPEN_WRITES) or (
            method == "OPTIONS" and bool(OPEN_READS.match(path))
        )

    @cached_property
    def _exact(self) -> dict[str, set[str]]:
        # What has an address of its own is not also an item of that slug: `/v1/learning-sites/match`.
        exact: defaultdict[str, set[str]] = defaultdict(set)
        for context in self.contexts():
            if context.path and "{" not in context.path:
                exact[context.path] |= context.methods or set()
        return exact

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], set[str]]]:
        return [
            (re.compile("^" + re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(context.path)) + "$"), set(context.methods))
            for context in self.contexts()
            if context.path and context.methods
        ]
