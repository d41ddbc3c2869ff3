"""What every content operation declares in OpenAPI beside its success: its headers, and what only content refuses.

What holds for every operation (keys, limits, our own faults) is added by `app.docs`.
"""

from typing import Any

from app.core.errors import NotFound
from app.core.web import problems
from app.editions.asking import SPARSE
from app.editions.reader import EditionNotFound
from app.editions.shaping import Retired

# Described once for all operations, in `app.docs.headers`.
_HEADERS: dict[str, Any] = {"ETag": {}, "Vary": {}, "Toolkit-Edition": {}}
NOT_MODIFIED: dict[str, Any] = {
    "description": "Not modified: what you have is current (`If-None-Match`).",
    "headers": _HEADERS,
}
_SPARSE: dict[str, Any] = {SPARSE: {"schema": {"$ref": "#/components/schemas/Sparse"}}}
_SPARSE_PAGE: dict[str, Any] = {SPARSE: {"schema": {"$ref": "#/components/schemas/SparsePage"}}}

NEWEST: dict[int | str, dict[str, Any]] = {200: {"headers": _HEADERS}, 304: NOT_MODIFIED}
"""An answer about content that cannot be asked of another edition."""
PLAIN: dict[int | str, dict[str, Any]] = {**NEWEST, **problems(EditionNotFound)}
"""A content answer that is neither shaped nor walked."""
WALKED: dict[int | str, dict[str, Any]] = {**PLAIN, 200: {"headers": {**_HEADERS, "Link": {}}}}
"""A list that is walked and not shaped."""
LIST: dict[int | str, dict[str, Any]] = {
    200: {"headers": {**_HEADERS, "Link": {}}, "content": _SPARSE_PAGE},
    304: NOT_MODIFIED,
    **problems(EditionNotFound),
}
ITEM: dict[int | str, dict[str, Any]] = {
    200: {"headers": _HEADERS, "content": _SPARSE},
    304: NOT_MODIFIED,
    **problems(NotFound, EditionNotFound, Retired),
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
