"""The service document: what this API is and where everything stands, for programs at `/v1`, for people at `/`."""

from typing import Any

from pydantic import Field

from app import __version__
from app.core.clock import rfc3339
from app.core.web import Out
from app.core.words import Instant
from app.docs.pages import DESCRIPTION
from app.docs.served import links
from app.editions.snapshot import Snapshot

ELSEWHERE = {
    "documentation": "/docs",
    "openapi": "/openapi.json",
    "problems": "/problems",
    "version": "/version",
    "llms_txt": "/llms.txt",
    "api_catalog": "/.well-known/api-catalog",
    "security_txt": "/.well-known/security.txt",
}


class Service(Out):
    """What this API is."""

    title: str
    description: str
    version: str = Field(description="Of the program. The API itself is `/v1`.")
    edition: int = Field(description="The edition shown; 0 before anything was published.")
    published_at: Instant | None
    counts: dict[str, int] = Field(description="Published items, by type.")
    links: dict[str, str] = Field(description="Everything that can be read without a key; each answers 200.")


def service_document(title: str, snapshot: Snapshot) -> dict[str, Any]:
    """The service document for an edition."""
    listed = [c for c in snapshot.collections.values() if c.kind.listed]
    return {
        "title": title,
        "description": DESCRIPTION,
        "version": __version__,
        "edition": snapshot.number,
        "published_at": rfc3339(snapshot.published_at) if snapshot.published_at else None,
        "counts": {c.kind.name: len(c.entries) for c in listed},
        "links": {**links(), **ELSEWHERE},
    }


def counted(snapshot: Snapshot) -> dict[str, tuple[int, str]]:
    """How much there is of everything that has a list, and where the list is."""
    kinds = [c for c in snapshot.collections.values() if c.kind.listed and c.kind.name != c.kind.plural]
    return {c.kind.plural.replace("-", " "): (len(c.entries), f"/v1/{c.kind.plural}") for c in kinds}
