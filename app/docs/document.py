"""The OpenAPI document, made to say exactly what the server does.

The framework knows routes, parameters and models; this module adds the story, and hands the rest to its neighbours:
`refusals` (every status that can happen), `headers`, `tidy` (readable schemas), `examples` (calls that were run).
What is made here is served from a file (`served`).
"""

from pathlib import Path
from threading import Lock
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from jinja2 import Environment, StrictUndefined
from pydantic.json_schema import models_json_schema

from app.access.scopes import GRANTABLE, MEANINGS
from app.contents import KINDS
from app.core.door import ADDRESS_LIMIT, HEADER_LIMIT
from app.core.facts import public_types
from app.core.nesting import DEPTH_LIMIT
from app.core.web import ProblemOut
from app.core.words import SLUG_OF
from app.docs import examples, headers, hooks, refusals
from app.docs.addresses import Addresses
from app.docs.tidy import REF, forget_unused_answers, in_order, tidy, walk
from app.editions import asking, shaping
from app.editions.documented import SCHEMAS
from app.sandbox.desk import SandboxDeskAction
from app.sites.geojson import SiteFeature, SiteFeatureCollection
from app.toolkit.schemas import ToolkitTree
from app.tta.actions import TTAAction
from app.tta.form import RequestForm

READ_BY_HAND = (RequestForm, TTAAction, SandboxDeskAction)
"""Models of bodies that endpoints read by themselves; operations point at them by name."""
PROGRAMS = Path(__file__).with_name("programs")
"""What the story shows, and `.ci/receipts` runs."""
OTHER_FORMS = (SiteFeature, SiteFeatureCollection)
"""Models of answers that have a media type of their own beside JSON; operations point at them by name."""
SUMMARY = "The Police-Mental Health Collaboration Toolkit: content, learning sites, and help on request."
LICENCE = {"name": "MIT", "identifier": "MIT"}
CONTACT = {"name": "PMHC Toolkit", "url": "https://bja.ojp.gov/program/pmhc"}
TAGS = {
    "Start here": "What this is, what is in it, and where everything stands.",
    "Toolkit": "The toolkit as its readers know it: the whole tree, the home page's own pages, five sections and their "
    "topics.",
    "Programs": "The five types of collaboration, and the ten essential elements that they share.",
    "Learning sites": "Police agencies that other agencies may visit and learn from: where they are, what they show, "
    "and which one fits you.",
    "Library": "Resources, statistics, questions and answers, performance measures, and the sources behind every "
    "statement.",
    "Search": "One search over everything that is published.",
    "Editions": "What was published when: editions, changes with tombstones, exports, old paths.",
    "TTA requests": "Ask for training and technical assistance; follow the request from receipt to help delivered.",
    "Contact": "Questions, policies and training materials, sent to the toolkit's staff.",
    "Keys": "Who you are, what your key may do, and how to replace it.",
    "Webhooks and events": "Be told what happens, in signed messages that can be verified, repeated and replayed.",
    "Sandbox": "A world of your own to try everything in, with a clock that you move.",
    "Audit": "For staff: who did what, when, and what changed from what to what.",
    "Operation": "For those who run it: alive, ready, which version, how much.",
}
"""Tags in the order in which a reader would want them."""
SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "pmhc_…",
        "description": "A key, sent as `Authorization: Bearer pmhc_…`. Reading needs none.",
    },
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Api-Key",
        "description": "The same key, for clients that cannot set `Authorization`.",
    },
}
DEVELOPED_AT = "http://localhost:8000"
ANYONE: list[dict[str, list[str]]] = [{}, {"bearer": []}, {"apiKey": []}]


def describe(app: FastAPI, addresses: Addresses) -> None:
    """Replace the framework's document by ours."""
    once = Lock()

    def openapi() -> dict[str, Any]:
        with once:
            if app.openapi_schema is None:
                app.openapi_schema = _build(app, addresses)
            return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _build(app: FastAPI, addresses: Addresses) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=SUMMARY,
        description=story(app),
        license_info=dict(LICENCE),
        servers=[{"url": "/", "description": "This server"}],
        routes=app.routes,
    )
    document["info"]["contact"] = CONTACT
    _add_schemas(document["components"]["schemas"])
    document["components"]["securitySchemes"] = SECURITY_SCHEMES
    document["security"] = ANYONE
    used = {tag for operations in document["paths"].values() for o in operations.values() for tag in o["tags"]}
    document["tags"] = [{"name": name, "description": told} for name, told in TAGS.items() if name in used]
    refusals.complete(document, addresses.contexts())
    headers.complete(document)
    hooks.complete(document)
    tidy(document)
    _name_fields(document)
    _name_event_types(document)
    examples.complete(document)
    forget_unused_answers(document)
    document["paths"] = dict(sorted(document["paths"].items(), key=_place))
    return document


def story(app: FastAPI) -> str:
    """What a reader is told first, with the numbers that the server keeps to."""
    settings = app.state.settings
    source = Path(__file__).with_name("story.md").read_text(encoding="utf-8")
    # The result is Markdown, so HTML escaping would be wrong; nothing in it comes from a request.
    template = Environment(undefined=StrictUndefined, autoescape=False).from_string(source)  # noqa: S701
    return template.render(
        asking=asking,
        shaping=shaping,
        address_limit=ADDRESS_LIMIT,
        header_limit=HEADER_LIMIT,
        body_limit=settings.body_limit,
        depth_limit=DEPTH_LIMIT,
        max_age=settings.max_age,
        policies=app.state.policies.values(),
        first_calls=_first_calls(settings.public_url.rstrip("/") or f"http://localhost:{settings.port}"),
        programs={file.name: file.read_text(encoding="utf-8").strip() for file in PROGRAMS.glob("*.*")},
        scopes=MEANINGS,
        grantable=GRANTABLE,
    ).strip()


def _first_calls(address: str) -> dict[str, str]:
    """The calls that the story begins with, by language; tests run them as they stand on the page."""
    files = sorted(Path(__file__).with_name("first_calls").iterdir())
    return {f.name: f.read_text(encoding="utf-8").strip().replace(DEVELOPED_AT, address) for f in files}


def _place(item: tuple[str, dict[str, Any]]) -> int:
    """Where the operations of a path stand: in the order of the tags; a test sees to it that every tag is known."""
    tag = next(iter(item[1].values()))["tags"][0]
    return list(TAGS).index(tag) if tag in TAGS else len(TAGS)


def _add_schemas(schemas: dict[str, Any]) -> None:
    """Put in what no model of the framework's stands for, and forget its own shape of errors."""
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas.update(SCHEMAS)
    _, sent = models_json_schema([(model, "serialization") for model in OTHER_FORMS], ref_template=REF + "{model}")
    _, read = models_json_schema([(model, "validation") for model in READ_BY_HAND], ref_template=REF + "{model}")
    for name, schema in {**sent["$defs"], **read["$defs"]}.items():
        schemas.setdefault(name, schema)
    problem = ProblemOut.model_json_schema(ref_template=REF + "{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem


def _name_event_types(document: dict[str, Any]) -> None:
    """The types of events that there are, where one of them is asked for."""
    for node in walk(document):
        if node.pop("x-event-type", None):
            node["enum"] = [fact.name for fact in public_types()]
            for said_by_the_list in ("pattern", "maxLength"):
                node.pop(said_by_the_list, None)


def _name_fields(document: dict[str, Any]) -> None:
    """`fields` and `include` take the names of one kind's fields and links, filters the slugs of another's items."""
    by_plural = {kind.plural: kind for kind in KINDS}
    for path, operations in document["paths"].items():
        place = path.removeprefix("/v1/")
        kind = by_plural.get(place) or by_plural.get(place.rpartition("/")[0])
        if kind is None:
            continue
        parameters = operations.get("get", {}).get("parameters", [])
        if not kind.links:
            parameters[:] = [p for p in parameters if p["name"] != "include"]  # there is nothing to embed
        for parameter in parameters:
            name, schema = parameter["name"], parameter["schema"]
            if name == "fields":
                item = ToolkitTree if path == "/v1/toolkit" else kind.item
                schema["items"] = {"type": "string", "enum": in_order(item.model_fields)}
            elif name == "include":
                schema["items"] = {"type": "string", "enum": list(kind.links)}
            elif name in kind.filters and (target := kind.filters[name].refers_to):
                plural = next(k.plural for k in KINDS if k.name == target)
                parameter["description"] += f" Slugs of `GET /v1/{plural}`; one that is not there is refused."
                schema["items"][SLUG_OF] = target
