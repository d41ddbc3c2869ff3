"""Who may do what to whose things, as one table read from the routes.

A cell is what the access rules answer: `allowed` (the operation then does its work, or refuses for other reasons),
`401` without a key, `403` with one that is too weak, `404` for a thing that is not the caller's to see. The scopes come
from the routes themselves (`deps.Guard`); two short tables say the rest: `OPEN` lists every operation that asks for
nothing, so that a forgotten guard is noticed by a test, and `OWNED` says whose things a path leads to.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from app.access.deps import Guard
from app.access.models import Role
from app.access.scopes import GRANTABLE, Scope


class Who(StrEnum):
    """Who asks: a key of each role with every scope it may hold, or with none of those that are needed."""

    ANONYMOUS = "anonymous"
    PARTNER = "partner"
    PARTNER_WITHOUT_SCOPE = "partner_without_scope"
    STAFF = "staff"
    STAFF_WITHOUT_SCOPE = "staff_without_scope"


class Whose(StrEnum):
    """Whose thing the path leads to."""

    NOBODYS = "nobodys"
    OWN = "own"
    ANOTHERS = "anothers"


class Cell(StrEnum):
    """What the access rules answer."""

    ALLOWED = "allowed"
    UNAUTHENTICATED = "401"
    FORBIDDEN = "403"
    HIDDEN = "404"


class Sight(StrEnum):
    """Who else than its owner sees a thing."""

    STAFF = "staff"
    NOBODY = "nobody"


OWNED: Mapping[str, Sight] = MappingProxyType({
    "/v1/contact-submissions": Sight.STAFF,
    "/v1/deliveries": Sight.NOBODY,
    "/v1/keys": Sight.STAFF,
    "/v1/owners": Sight.STAFF,
    "/v1/tta-requests": Sight.STAFF,
    "/v1/webhook-endpoints": Sight.NOBODY,
})  # fmt: skip
"""Collections whose members belong to somebody. Where an operation lets in those without a key, what they made with
its status token is their own."""

OPEN = frozenset((
    "advanceSandboxClock", "createSandbox", "deleteSandbox", "exportToolkit", "getAccessMatrix",
    "getConfirmationServiceLevel", "getEdition", "getEssentialElement", "getFAQ", "getFact", "getLearningSite",
    "getLiveness", "getMeasure", "getMetrics", "getPage", "getProblem", "getProgramType", "getReadiness",
    "getResource", "getSandbox", "getSection", "getService", "getSigningKeys", "getSource", "getSynonyms",
    "getTTARequestForm", "getTTARequestLifecycle", "getToolkit", "getTopic", "getVersion", "getWhoAmI",
    "listChanges", "listEditions", "listEssentialElements", "listEventTypes", "listFAQs", "listFacts",
    "listLearningSites", "listMeasures", "listPages", "listProblems", "listProgramTypes", "listResources",
    "listSandboxMail", "listSandboxWebhooks", "listSections", "listSources", "listSynonyms", "listTopics",
    "matchLearningSites", "resolvePath", "searchToolkit", "tellSandboxDesk",
))  # fmt: skip
"""Operations that ask for no scope, by name; a key that is sent must work all the same."""
INDOORS = "/v1/sandboxes/current"
"""What lies below is a sandbox's own: for the keys of the real world, of which this table speaks, it is not there."""


@dataclass(frozen=True, slots=True)
class Row:
    """One operation."""

    operation_id: str
    method: str
    path: str
    scopes: tuple[Scope, ...]
    open: bool
    cells: tuple[Mapping[str, str], ...]


def rows(routes: Sequence[BaseRoute]) -> list[dict[str, Any]]:
    """The whole table, by path and method."""
    return [asdict(row) for row in sorted(_rows(routes), key=lambda row: (row.path, row.method))]


def _rows(routes: Sequence[BaseRoute]) -> Iterator[Row]:
    for context in iter_route_contexts(routes):
        path, name = context.path_format, context.operation_id
        if not context.methods or not path or not name or not context.include_in_schema:
            continue
        guard = next((call for call in _calls(context.dependant) if isinstance(call, Guard)), None)
        for method in sorted(set(context.methods) - {"HEAD"}):
            yield Row(
                operation_id=name,
                method=method,
                path=path,
                scopes=guard.scopes if guard else (),
                open=guard is None,
                cells=tuple(cells(guard, sight_of(path), indoors=path.startswith(INDOORS))),
            )


def sight_of(path: str) -> Sight | None:
    """Who sees the thing that a path names; None where it names nobody's."""
    collection, found, _ = path.partition("/{")
    return OWNED.get(collection) if found else None


def cells(guard: Guard | None, sight: Sight | None, *, indoors: bool) -> Iterator[Mapping[str, str]]:
    """What each kind of caller is answered, for each kind of thing."""
    for who in Who:
        for whose in (Whose.OWN, Whose.ANOTHERS) if sight else (Whose.NOBODYS,):
            told = Cell.HIDDEN if indoors else answer(who, whose, guard, sight)
            yield {"who": who, "whose": whose, "answer": told}


def answer(who: Who, whose: Whose, guard: Guard | None, sight: Sight | None) -> Cell:
    """One cell."""
    if guard is not None:
        if who is Who.ANONYMOUS:
            if not guard.anonymous:
                return Cell.UNAUTHENTICATED
        elif not _has_scope(who, guard):
            return Cell.FORBIDDEN
    if sight is None or whose is not Whose.ANOTHERS or (who is Who.STAFF and sight is Sight.STAFF):
        return Cell.ALLOWED
    return Cell.HIDDEN


def _has_scope(who: Who, guard: Guard) -> bool:
    if who is Who.STAFF:
        return True
    return who is Who.PARTNER and not guard.staff and not GRANTABLE[Role.PARTNER].isdisjoint(guard.scopes)


def _calls(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)
