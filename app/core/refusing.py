"""How refusals leave: every answer of 400 and above, the framework's own included, is `application/problem+json`."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, NoResultFound, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from app.core.answers import Headers
from app.core.errors import (
    BadRequest,
    Invalid,
    MethodNotAllowed,
    NotFound,
    Problem,
    ServerError,
    Unavailable,
    UnsupportedMediaType,
    kinds,
    sandbox_gone,
)
from app.core.sandboxes import WORLD
from app.core.words import SLUG_PATTERN

log = structlog.get_logger()
PROBLEM_JSON = "application/problem+json"
ALSO_WRONG = "also_wrong"
"""Attribute of an endpoint: finds, in a body that has faults, those that it alone would find after them."""
PASSING = ("08", "40", "53", "57", "58")
"""Classes of SQLSTATE that pass by themselves or by an operator's hand: the connection broke, another transaction won,
no room on the disk or no memory or too many connections, the server stops or starts, the system below it fails."""


def document(problem: Problem, path: str, request_id: str) -> dict[str, Any]:
    """The problem document for one request."""
    own = {
        "type": f"/problems/{problem.slug()}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": path[:500],
        "request_id": request_id,
    }
    return {**own, **problem.extra, **own}  # whatever a refusal adds, these six mean what they say


def render(problem: Problem, path: str, request_id: str) -> tuple[Headers, bytes]:
    """A problem as headers and body, for layers outside the framework."""
    body = json.dumps(document(problem, path, request_id), ensure_ascii=True, default=str).encode()
    headers: Headers = [(b"content-type", PROBLEM_JSON.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in problem.sent_headers.items()]
    return headers, body


def respond(request: Request, problem: Problem) -> Response:
    """A problem as a response."""
    if isinstance(problem, NotFound):
        # No item is called so, but another method knows the address: `GET /v1/learning-sites/match`.
        methods = request.app.state.allowed(request.url.path)
        if methods and request.method not in methods:
            problem = _not_allowed(methods)
    headers, body = render(problem, request.url.path, request.scope.get("pmhc.request_id", ""))
    response = Response(body, status_code=problem.status)
    response.raw_headers = headers
    return response


def install_handlers(app: FastAPI) -> None:
    """Turn every exception into a problem document."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, problem: Problem) -> Response:
        return respond(request, problem)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        also = getattr(request.scope.get("endpoint"), ALSO_WRONG, None)
        return respond(request, from_validation(error.errors(), request, also(request, error.body) if also else ()))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        return respond(request, _from_http(request, error))

    @app.exception_handler(OperationalError)
    @app.exception_handler(InterfaceError)
    @app.exception_handler(PoolTimeout)
    @app.exception_handler(OSError)
    async def _database(request: Request, error: Exception) -> Response:
        return respond(request, from_database(error))

    @app.exception_handler(Exception)
    async def _unforeseen(request: Request, _error: Exception) -> Response:
        # The framework raises it again once this is sent; the door logs it.
        return respond(request, ServerError("The server failed in a way nobody foresaw. Nothing was half-done."))

    @app.exception_handler(DBAPIError)
    async def _driver(request: Request, error: DBAPIError) -> Response:
        return respond(request, from_database(error))

    # What meets the end of its own sandbox halfway: what it points to, or looks for, or changes, is gone.
    @app.exception_handler(IntegrityError)
    @app.exception_handler(NoResultFound)
    @app.exception_handler(StaleDataError)
    async def _vanished(request: Request, error: Exception) -> Response:
        if await _sandbox_is_gone(request):
            return respond(request, sandbox_gone())
        if isinstance(error, IntegrityError):
            return respond(request, from_database(error))
        raise error


async def _sandbox_is_gone(request: Request) -> bool:
    world_id = getattr(request.scope.get("pmhc.principal"), "world_id", None)
    if world_id is None:
        return False
    async with request.app.state.database.read() as session:
        return await session.scalar(select(WORLD.c.id).where(WORLD.c.id == world_id)) is None


def from_database(error: Exception) -> Problem:
    """A database that is away is 503; anything else it says is our fault."""
    away = isinstance(error, (OperationalError, InterfaceError, PoolTimeout, OSError))
    lost = isinstance(error, DBAPIError) and (
        error.connection_invalidated
        or "Connection" in type(error.orig).__name__
        or str(getattr(error.orig, "sqlstate", "") or "").startswith(PASSING)
    )
    # The type of the error only: its text may hold what a person typed.
    cause = type(getattr(error, "orig", None) or error).__name__
    if away or lost:
        log.warning("database.unavailable", cause=cause)
        # Not "nothing was written": a connection that breaks at the very end of a transaction does not say whether it
        # was kept. It is kept whole or not at all, and the same idempotency key finds out which.
        return Unavailable("The database is out of reach for the moment. Nothing is half-done; please repeat.")
    log.error("database.failed", cause=cause)
    return ServerError("The server failed. Nothing was written.")


def _not_allowed(methods: list[str]) -> Problem:
    allowed = [*methods, "OPTIONS"]
    names = ", ".join(allowed)
    return MethodNotAllowed(f"This address answers {names}.", headers={"Allow": names}, allowed=allowed)


def _from_http(request: Request, error: HTTPException) -> Problem:
    if error.status_code == HTTPStatus.NOT_FOUND:
        path = request.url.path
        if path.endswith("/") and request.app.state.allowed(path.rstrip("/")):
            return NotFound(f"There is no such address; leave out the slash at the end: {path.rstrip('/')}")
        return NotFound("There is no such address. `GET /v1` lists what there is.")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return _not_allowed(request.app.state.allowed(request.url.path))
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return BadRequest("The body could not be read. Send well-formed JSON in UTF-8.")
    for kind in kinds():
        if kind.status == error.status_code:
            return kind(HTTPStatus(error.status_code).phrase)
    return ServerError("The server failed.")


def from_validation(errors: Iterable[Any], request: Request, also: Iterable[dict[str, str]] = ()) -> Problem:
    """Say every fault at once; never echo what was sent (`input` and `ctx` are dropped)."""
    faults = []
    for error in errors:
        place, *rest = error["loc"] or ("body",)
        kind = error["type"]
        if kind == "json_invalid":
            return BadRequest("The body is not well-formed JSON.")
        if place == "body":
            media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if not rest and media != "application/json" and not media.endswith("+json"):
                return UnsupportedMediaType("Send the body as `Content-Type: application/json`.")
            faults.append({"pointer": pointer(rest), "detail": advice(error)})
        else:
            told = advice(error)
            if len(rest) > 1 and "," in str(error.get("input")):
                told += f" Several values are sent as `{rest[0]}=…&{rest[0]}=…`."
            faults.append({"parameter": ".".join(str(part) for part in rest[:1])[:80], "detail": told})
    named = [fault["pointer"] for fault in faults if "pointer" in fault]
    new = [fault for fault in also if not any(f"{fault['pointer']}/".startswith(f"{wrong}/") for wrong in named)]
    return Invalid(faults + new)


def pointer(parts: Iterable[Any]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1")[:80] for part in parts)


ADVICE = {
    "missing": "This is required.",
    "extra_forbidden": "There is no such field here; leave it out.",
    "string_type": "Send a string.",
    "int_parsing": "Send a whole number.",
    "float_parsing": "Send a number.",
    "bool_parsing": "Send true or false.",
    "list_type": "Send a list.",
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "Send a JSON object."),
}
FORMS = {
    SLUG_PATTERN: "Send a slug: small letters and digits, with single hyphens between them, such as `cit-training`.",
    r"^/": "Begin it with a slash: `/training/cit-training`.",
    r"^[a-z_]+$": "Send names of small letters and underscores, separated by commas.",
}
"""What to send where the pattern alone would be a riddle."""


def advice(error: Any) -> str:
    message = str(ADVICE.get(error["type"]) or error["msg"]).removeprefix("Value error, ")
    if error["type"] == "string_pattern_mismatch":
        pattern = error["ctx"]["pattern"]
        message = FORMS.get(pattern) or f"This does not have the expected form: {pattern}"
    message = message[:1].upper() + message[1:]
    return message if message.endswith(".") else message + "."
