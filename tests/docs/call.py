"""What a call is."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One call, and the status it must have."""

    operation: str
    name: str
    """Unique among the calls of its operation; key of the example in the document."""
    summary: str
    """What the example shows, for the list that a reader chooses from."""
    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    key: str | None = None
    """`partner` or `staff`: sent with a key of such an owner."""
    status: int = 200
    content: bytes | None = None
    """In place of `body`, where the body is not JSON."""
    first: int = 0
    """Only so many lines of the answer, or items of each of its lists, are shown; the summary says so."""


NOT_YET = "An edition that is not there yet"
DRAIN = "drain"
"""Among the calls: here the worker does what is due."""


@dataclass(frozen=True)
class General:
    """A refusal that is the same on every operation, shown on one of them."""

    name: str
    summary: str
    url: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    broken: str = ""
    """What is broken on purpose before the call: `limit`, `database` or `program`."""
