"""One error type: whatever goes wrong, the client reads the same shape (RFC 9457).

`Problem` is a refusal that the client can act on. Features subclass it next to the rule that refuses;
`core.web` turns it, and every error of the framework, into `application/problem+json`.
`/problems/{slug}` serves the docstring of each class as a page, so write it for the reader of that page.
"""

import re
from collections.abc import Iterator
from typing import Any, ClassVar

FAULTS_TOLD = 100
"""The most faults that one answer lists, so that a small body cannot ask for a large answer."""


class Problem(Exception):
    """The request cannot be met."""

    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request cannot be met"
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, detail: str, *, headers: dict[str, str] | None = None, **extra: Any) -> None:
        """Say what was wrong and how to do it right; `extra` becomes members of the document."""
        super().__init__(detail)
        self.detail, self.extra = detail, extra
        self.sent_headers = {**self.headers, **(headers or {})}

    @classmethod
    def slug(cls) -> str:
        """The last part of the `type` URL: `NotFound` is `not-found`."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", cls.__name__).lower()


class BadRequest(Problem):
    """The request is not well-formed HTTP or not well-formed JSON. Nothing was read from it; correct the syntax."""

    status, title = 400, "The request is malformed"


class RequestTimeout(Problem):
    """The request did not arrive in time, and nothing of it was done. Send it again, without a pause inside it."""

    status, title = 408, "The request took too long to arrive"


class Unauthenticated(Problem):
    """The key is missing, mistyped, expired or revoked. A key that does not work is refused on every route,
    also on public ones, so that a broken integration is noticed at once."""

    status, title = 401, "A valid key is needed"
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": 'Bearer realm="pmhc"'}


def sandbox_gone() -> Unauthenticated:
    """The refusal of a key whose sandbox is thrown away while the request is on its way."""
    told = "This key was of a sandbox, and the sandbox is gone; `POST /v1/sandboxes` makes another."
    return Unauthenticated(told, headers={"WWW-Authenticate": 'Bearer realm="pmhc", error="invalid_token"'})


class Forbidden(Problem):
    """The key is good but lacks the scope this operation needs. `GET /v1/whoami` lists the scopes it has."""

    status, title = 403, "The key does not allow this"


class NotFound(Problem):
    """There is nothing here that you may see: the address is wrong, or the thing belongs to somebody else."""

    status, title = 404, "Not found"


class MethodNotAllowed(Problem):
    """The address is right, the method is not. The `Allow` header lists the methods that work."""

    status, title = 405, "The method is not allowed here"


class NotAcceptable(Problem):
    """The `Accept` header asks for a format that this address does not have."""

    status, title = 406, "No acceptable format"


class Conflict(Problem):
    """The thing is not in a state that allows this. The document says which moves are open now."""

    status, title = 409, "The present state does not allow this"


class Gone(Problem):
    """There was something here; it has been retired. Where it has a successor, the document links to it."""

    status, title = 410, "Gone"


class ContentTooLarge(Problem):
    """The body is larger than this address accepts. The document gives the limit in bytes."""

    status, title = 413, "The body is too large"


class URITooLong(Problem):
    """The address with its query is longer than the server reads. Send fewer or shorter parameters."""

    status, title = 414, "The address is too long"


class UnsupportedMediaType(Problem):
    """The body is in a format that this address does not read, or compressed. Send it as it is, with
    `Content-Type: application/json`."""

    status, title = 415, "The media type is not supported"


class Invalid(Problem):
    """The input breaks one or more rules. `errors` lists all of them at once (of more than a hundred the first hundred,
    and `detail` counts the rest), each with the JSON Pointer into the body or the name of the parameter, and what to
    send instead. What was sent is not echoed, but for names that do not exist."""

    status, title = 422, "The input is invalid"

    def __init__(self, errors: list[dict[str, str]], detail: str | None = None) -> None:
        """Collect every fault: `{"pointer" or "parameter": where, "detail": what to do}`."""
        count, told = len(errors), errors[:FAULTS_TOLD]
        detail = detail or f"{count} part{'s' * (count != 1)} of the input must be corrected."
        if count > len(told):
            detail += f" The first {len(told)} are listed, {count - len(told)} more are not."
        super().__init__(detail, errors=told)
        self.errors = told


class TooManyRequests(Problem):
    """The limit for this address, or for the owner of this key, is used up. `Retry-After` gives the seconds until the
    next request passes."""

    status, title = 429, "Too many requests"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class HeadersTooLarge(Problem):
    """The request's header section is larger than the server reads."""

    status, title = 431, "The header section is too large"


class ServerError(Problem):
    """The fault is ours. Nothing was half-done; the request can be repeated. Quote `request_id` when you report it."""

    status, title = 500, "The server failed"


class Unavailable(Problem):
    """The database or another part is out of reach for the moment. Nothing is half-done: repeat after `Retry-After`
    seconds, and where you sent an `Idempotency-Key`, with the same one, for in rare cases the answer alone was lost."""

    status, title = 503, "Unavailable for the moment"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}


def kinds() -> Iterator[type[Problem]]:
    """Every kind of refusal that is loaded, the general ones first, subclasses after their parents."""
    waiting = list(Problem.__subclasses__())
    while waiting:
        kind = waiting.pop(0)
        yield kind
        waiting.extend(kind.__subclasses__())
