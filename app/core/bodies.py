"""Bodies that an endpoint reads by itself: JSON first, and then every fault at once.

The framework validates a body before the endpoint is called, and then nobody can add the faults that only the
endpoint knows. An endpoint that must name all of them reads the body here and documents it with `json_request`.
"""

import hashlib
import json
from typing import Any

from fastapi import Request
from pydantic import ValidationError
from pydantic_core import from_json

from app.core.errors import BadRequest, UnsupportedMediaType
from app.core.refusing import advice, pointer


async def json_body(request: Request) -> Any:
    """The body as JSON, or the refusal that says why it is none."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json" and not media.endswith("+json"):
        raise UnsupportedMediaType("Send the body as `Content-Type: application/json`.")
    try:
        return from_json(await request.body(), allow_inf_nan=False)
    except ValueError:
        raise BadRequest("The body could not be read. Send well-formed JSON in UTF-8.") from None


def faults_of(error: ValidationError) -> list[dict[str, str]]:
    """Every fault with its pointer and what to send instead; what was sent is never echoed."""
    found = error.errors(include_url=False, include_input=False)
    return [{"pointer": pointer(fault["loc"]), "detail": advice(fault)} for fault in found]


def json_request(name: str) -> dict[str, Any]:
    """`openapi_extra` of an endpoint that reads a body of that schema by itself."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    return {"requestBody": {"required": True, "content": content}}


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical(value: Any) -> bytes:
    """JSON in the one form of RFC 8785, for values without fractions and with ASCII keys: sorted, no blanks, UTF-8.

    Within these limits (which every form here keeps) it is the same bytes in every language, so a digest over it can
    be checked by anybody who has the body.
    """
    return _CANONICAL.encode(value).encode()


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()
