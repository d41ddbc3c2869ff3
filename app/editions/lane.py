"""A short way to published content: what an address and its query plainly ask is answered without the framework.

To find a route, solve its dependencies and check a query field by field takes the framework longer than everything that
is ours. Most reads ask for a reader, one model of their query and at most a slug; for those two dictionaries and the
same model do. The lane answers only what it is sure of: what the endpoint says, its refusals included. Whatever is odd
before that (a parameter that is unknown, empty or sent twice, a value that fails) is left to the framework, which says
what is wrong with it: that is written once, and there.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.routing import RouteContext
from pydantic import BaseModel, TypeAdapter
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.errors import Problem
from app.core.refusing import respond
from app.core.web import is_list
from app.core.words import Slug
from app.editions.reader import READERS, Reader

SLUG = TypeAdapter(Slug)


@dataclass(frozen=True, slots=True)
class Way:
    """An endpoint, and what it wants to be called with."""

    path: str
    endpoint: Callable[..., Awaitable[Any]]
    content: str
    reader: Callable[[Request], Awaitable[Reader]]
    query: str
    model: type[BaseModel]
    lists: frozenset[str]

    async def __call__(self, scope: Scope, slug: str | None) -> Any:
        """The endpoint's answer, or None where the framework must look at it."""
        asked = self._asked(scope["query_string"])
        if asked is None:
            return None
        named = {} if slug is None else {"slug": SLUG.validate_python(slug)}
        reader = await self.reader(Request(scope))
        return await self.endpoint(**{self.content: reader, self.query: self.model(**asked)}, **named)

    def _asked(self, query: bytes) -> dict[str, Any] | None:
        """The parameters by name, those of lists gathered; None where that takes a second thought."""
        asked: dict[str, Any] = {}
        for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else ():
            if not value or name not in self.model.model_fields:
                return None
            if name in self.lists:
                asked.setdefault(name, []).append(value)
            elif name in asked:
                return None
            else:
                asked[name] = value
        return asked


class Lane:
    """Stands before the framework's routing."""

    def __init__(self, app: ASGIApp, contexts: Callable[[], Iterable[RouteContext]]) -> None:
        """`contexts` tells the routes; it is asked once, when the first request comes."""
        self.app, self._contexts = app, contexts
        self._ways: dict[str, Way] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        answer = await self._answer(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        await (answer or self.app)(scope, receive, send)

    async def _answer(self, scope: Scope) -> Any:
        if self._ways is None:
            # In their order, so that an address of its own comes before an item of that name, as in the framework.
            found = [way for context in self._contexts() if (way := _way(context))]
            self._ways = {way.path: way for way in reversed(found)}
        path: str = scope["path"]
        way, slug = self._ways.get(path), None
        if way is None:
            stem, _, slug = path.rpartition("/")
            way = self._ways.get(stem + "/{slug}")
            if way is None:
                return None
        try:
            answer = await way(scope, slug)
        except Problem as problem:
            answer = respond(Request(scope), problem)  # as the framework would, without asking twice
        except Exception:  # noqa: BLE001 - the framework meets it again and answers as it should
            return None
        if answer is not None:
            scope["route"] = way  # for the log and the metrics
        return answer


def _way(context: RouteContext) -> Way | None:
    """The way to a route's endpoint; None where it wants anything that the lane does not know."""
    wants = context.dependant
    if context.methods != {"GET"} or not context.path or not wants or not wants.call or len(wants.dependencies) != 1:
        return None
    [given] = wants.dependencies
    others = (wants.header_params, wants.cookie_params, wants.body_params)
    if given.call not in READERS or any(others) or wants.request_param_name or wants.response_param_name:
        return None
    if [field.name for field in wants.path_params] not in ([], ["slug"]) or len(wants.query_params) != 1:
        return None
    [query] = wants.query_params
    model = query.field_info.annotation
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return None
    fields = model.model_fields.items()
    if any(info.alias or info.validation_alias for _, info in fields):
        return None
    lists = frozenset(name for name, info in fields if is_list(info.annotation))
    return Way(context.path, wants.call, given.name or "", READERS[given.call], query.name, model, lists)
