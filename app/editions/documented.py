"""What every content operation declares in OpenAPI beside its success: the same refusals, the same headers."""

from typing import Any

from app.core.errors import (
    HeadersTooLarge,
    Invalid,
    NotAcceptable,
    NotFound,
    ServerError,
    Unauthenticated,
    Unavailable,
    URITooLong,
)
from app.core.web import problems
from app.editions.reading import SPARSE, EditionNotFound, Retired

_HEADERS: dict[str, Any] = {
    "ETag": {"description": "Strong, one per content coding.", "schema": {"type": "string"}},
    "Cache-Control": {"description": "How long the answer may be kept.", "schema": {"type": "string"}},
    "Vary": {"description": "What the answer depends on.", "schema": {"type": "string"}},
    "Toolkit-Edition": {"description": "The edition shown.", "schema": {"type": "integer"}},
    "X-Request-Id": {"description": "Name of this request in our log.", "schema": {"type": "string"}},
}
_LINK: dict[str, Any] = {
    "Link": {"description": "`next` and `prev`, as in `links` (RFC 8288).", "schema": {"type": "string"}}
}
NOT_MODIFIED: dict[str, Any] = {
    "description": "Not modified: what you have is current (`If-None-Match`).",
    "headers": _HEADERS,
}
_SPARSE: dict[str, Any] = {SPARSE: {"schema": {"$ref": "#/components/schemas/Sparse"}}}
_SPARSE_PAGE: dict[str, Any] = {SPARSE: {"schema": {"$ref": "#/components/schemas/SparsePage"}}}
GENERAL = (Unauthenticated, NotAcceptable, URITooLong, Invalid, HeadersTooLarge, ServerError, Unavailable)

PLAIN: dict[int | str, dict[str, Any]] = {
    200: {"headers": _HEADERS},
    304: NOT_MODIFIED,
    **problems(EditionNotFound, *GENERAL),
}
"""A content answer that is neither shaped nor walked."""
LIST: dict[int | str, dict[str, Any]] = {
    200: {"headers": {**_HEADERS, **_LINK}, "content": _SPARSE_PAGE},
    304: NOT_MODIFIED,
    **problems(EditionNotFound, *GENERAL),
}
ITEM: dict[int | str, dict[str, Any]] = {
    200: {"headers": _HEADERS, "content": _SPARSE},
    304: NOT_MODIFIED,
    **problems(NotFound, EditionNotFound, Retired, *GENERAL),
}
SCHEMAS: dict[str, Any] = {
    "Sparse": {
        "title": "Sparse",
        "description": "An item with the fields that `fields` asked for, each as in the whole item, and no others.",
        "type": "object",
        "additionalProperties": True,
    },
    "SparsePage": {
        "title": "SparsePage",
        "description": "A page of a list with `fields`.",
        "type": "object",
        "required": ["items", "total", "links"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": "#/components/schemas/Sparse"}},
            "total": {"type": "integer"},
            "links": {"$ref": "#/components/schemas/Listing"},
        },
    },
}
"""Schemas that no Python type stands for."""
