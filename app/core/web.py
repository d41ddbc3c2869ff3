"""Where FastAPI meets the house: what models, routes and dependencies are like here, and what they declare."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from functools import cache
from types import UnionType
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args, get_origin
from urllib.parse import urlencode

from fastapi import Depends, Request, Response, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Invalid, Problem, Unavailable
from app.core.refusing import ALSO_WRONG, PROBLEM_JSON, from_validation

REFUSALS = "refusals"
"""Attribute of a dependency: the kinds of refusal it makes."""
NEEDS_KEY = "needs_key"
"""Attribute of a dependency: whether it lets nobody pass without a key."""


class In(BaseModel):
    """What a client may send; an unknown field is a mistake, not a gift."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)


class Out(BaseModel):
    """What a client receives; every key is always there."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        from_attributes=True, json_schema_serialization_defaults_required=True
    )


class FieldError(Out):
    """One fault of the input."""

    model_config: ClassVar[ConfigDict] = ConfigDict(json_schema_serialization_defaults_required=False)

    pointer: str | None = Field(default=None, description="JSON Pointer (RFC 6901) into the body.")
    parameter: str | None = Field(default=None, description="Name of the query, path or header parameter.")
    detail: str = Field(description="What to send instead.")


class ProblemOut(BaseModel):
    """A refusal (RFC 9457). Some kinds carry further members; the page at `type` names them."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", title="Problem")

    type: str = Field(description="URL path of a page that explains this kind of problem.")
    title: str
    status: int
    detail: str = Field(description="What was wrong with this request and how to do it right.")
    instance: str = Field(description="The path that was asked for.")
    request_id: str = Field(description="Quote it when you ask for help; it is in our log.")
    errors: list[FieldError] | None = Field(default=None, description="For invalid input (422): every fault, at once.")


class Route(APIRoute):
    """A route that refuses parameters it does not know, and those sent twice that it takes once, by name.

    Pages for people, which the description leaves out, take what they know and pass over the rest.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Check the names before anything else is done."""
        handler = super().get_route_handler()
        is_page = not self.include_in_schema  # for people: what others hang on a link to it is passed over

        @cache  # not before it is asked for: for all routes together it takes a twentieth of the start
        def names() -> tuple[set[str], set[str]]:
            elsewhere = (params.Path, params.Header, params.Cookie)
            fields = [p for p in get_flat_params(self.dependant) if not isinstance(p.field_info, elsewhere)]
            return {p.alias for p in fields}, {p.alias for p in fields if is_list(p.field_info.annotation)}

        async def checked(request: Request) -> Response:
            if is_page or not request.scope["query_string"]:
                return await handler(request)
            known, lists = names()
            sent = Counter(name for name, _ in request.query_params.multi_items())
            faults = [unknown_parameter(name, known) for name in sorted(sent.keys() - known)]
            faults += [TWICE | {"parameter": name} for name in sorted(known - lists) if sent[name] > 1]
            if request.method == "GET":
                return await _tried(handler, request, faults, known)
            if faults:
                raise Invalid(faults)
            return await handler(request)

        return checked


async def _tried(
    handler: Callable[[Request], Coroutine[Any, Any, Response]],
    request: Request,
    faults: list[dict[str, str]],
    known: set[str],
) -> Response:
    """Answer a read, or name every fault of its question.

    What only the endpoint can judge is judged last, so as long as there are faults the question is asked again without
    the parameters at fault: a read does nothing, and its other faults are told at once.
    """
    left = [(name, value) for name, value in request.query_params.multi_items() if name in known]
    asked, first = request if not faults else _asking(request, left), True
    while True:
        try:
            answer = await handler(asked)
        except RequestValidationError as error:
            found = from_validation(error.errors(), request).extra.get("errors", [])
        except Problem as problem:
            if not faults:
                raise
            faults += problem.extra.get("errors", [])
            raise Invalid(faults) from None
        else:
            if not faults:
                return answer
            raise Invalid(faults)
        if first:
            faults += found  # later ones may come of what was left out
        first, wrong = False, {fault.get("parameter") for fault in found}
        if not any(name in wrong for name, _ in left):
            raise Invalid(faults)  # a part of the address, or what is missing
        left = [(name, value) for name, value in left if name not in wrong]
        asked = _asking(request, left)


def _asking(request: Request, pairs: list[tuple[str, str]]) -> Request:
    return Request({**request.scope, "query_string": urlencode(pairs).encode()}, request.receive)


def is_list(annotation: Any) -> bool:
    """Whether a parameter of this type may be sent several times."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return is_list(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return any(map(is_list, get_args(annotation)))
    return origin is list or annotation is list


TWICE = {"parameter": "", "detail": "This was sent more than once; send it once."}


def unknown_parameter(name: str, known: Iterable[str]) -> dict[str, str]:
    """The fault of a parameter that does not exist here."""
    names = ", ".join(sorted(known))
    allowed = f"known here: {names}" if names else "this address takes none"
    return {"parameter": name[:80], "detail": f"There is no such parameter; {allowed}."}


def new_router(prefix: str, tag: str) -> APIRouter:
    """A router with the house's route class."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=Route)


Dependency = TypeVar("Dependency", bound=Callable[..., Any])


def refuses(*wanted: type[Problem], without_key: bool = False) -> Callable[[Dependency], Dependency]:
    """Say, on a dependency, which refusals it makes: the document then declares them for every route that uses it.

    `without_key`: it refuses whoever sends no key.
    """

    def mark(dependency: Dependency) -> Dependency:
        setattr(dependency, REFUSALS, wanted)
        setattr(dependency, NEEDS_KEY, without_key)
        return dependency

    return mark


def also(judge: Callable[[Request, Any], list[dict[str, str]]]) -> Callable[[Dependency], Dependency]:
    """Say, on an endpoint, what finds the faults that it alone knows in a body that has others, too."""

    def mark(endpoint: Dependency) -> Dependency:
        setattr(endpoint, ALSO_WRONG, judge)
        return endpoint

    return mark


@refuses(Unavailable)
async def _read(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.database.read() as session:
        yield session


# scope="function": the session is closed before the answer leaves, so a slow reader holds no connection.
Reading = Annotated[AsyncSession, Depends(_read, scope="function")]


def problems(*wanted: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """Declare refusals in OpenAPI: `responses=problems(NotFound, Conflict)`."""
    declared: dict[int | str, dict[str, Any]] = {}
    for kind in wanted:
        told = " ".join((kind.__doc__ or kind.title).split())
        if kind.status in declared:
            declared[kind.status]["description"] += f"\n\n{kind.title}: {told}"
            declared[kind.status]["x-problems"].append(kind.slug())
            continue
        declared[kind.status] = {
            "x-problems": [kind.slug()],  # for `app.docs`, which tells them together with those of the dependencies
            "description": f"{kind.title}: {told}",
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return declared
