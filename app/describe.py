"""The OpenAPI document, made to say exactly what the server does."""

import re
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from app.core.web import ProblemOut
from app.editions.documented import SCHEMAS
from app.sites.geojson import SiteFeature, SiteFeatureCollection

OTHER_FORMS = (SiteFeature, SiteFeatureCollection)
"""Models of answers that have a media type of their own beside JSON; operations point at them by name."""

OPEN_WRITES = frozenset(("/v1/learning-sites/match", "/v1/tta-requests", "/v1/contact-submissions", "/v1/sandboxes"))
"""What pages of any origin may post to: nothing there acts on a browser's own authority."""
OPEN_READS = re.compile(
    r"^/(v1(?!/(keys|audit|webhook-endpoints|events|deliveries|me|whoami)(/|$))|openapi\.json$|problems/|$)"
)


@dataclass
class RouteIndex:
    """Which addresses there are, and which methods each knows; read from the document once it is first needed."""

    app: FastAPI

    def methods(self, path: str) -> list[str]:
        """The methods of an address, HEAD beside GET; empty where there is none."""
        found: set[str] = set()
        for pattern, methods in self._patterns():
            if pattern.match(path):
                found |= methods
        if "GET" in found:
            found.add("HEAD")
        return sorted(found)

    def opened(self, method: str, path: str) -> bool:
        """Whether pages of any origin may use it."""
        if method in ("GET", "HEAD"):
            return bool(OPEN_READS.match(path))
        return (method in ("POST", "OPTIONS") and path in OPEN_WRITES) or (
            method == "OPTIONS" and bool(OPEN_READS.match(path))
        )

    def _patterns(self) -> list[tuple[re.Pattern[str], set[str]]]:
        if not hasattr(self, "_known"):
            self._known = [
                (re.compile("^" + re.sub(r"\{[^}]+\}", "[^/]+", path) + "$"), {m.upper() for m in operations})
                for path, operations in self.app.openapi()["paths"].items()
            ]
        return self._known


def index_of_routes(app: FastAPI) -> RouteIndex:
    """The addresses of an application."""
    return RouteIndex(app)


def describe(app: FastAPI) -> None:
    """Replace the framework's document by ours."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes, separate_input_output_schemas=True)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas.update(SCHEMAS)
    _, forms = models_json_schema(
        [(model, "serialization") for model in OTHER_FORMS], ref_template="#/components/schemas/{model}"
    )
    for name, schema in forms["$defs"].items():
        schemas.setdefault(name, schema)
    problem = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    return document
