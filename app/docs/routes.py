"""The explorer's pages, the description, the service document, and what stands in well-known places."""

import asyncio
import json
from typing import Annotated, Any

from fastapi import Path, Request, Response

from app.core.answers import Answer
from app.core.errors import NotAcceptable, NotFound
from app.core.web import new_router, problems
from app.docs import discovery, pages, served
from app.docs import problems as kinds
from app.docs.service import Service, counted, service_document
from app.editions.documented import NEWEST
from app.editions.reader import Content, NegotiatedContent, Reader, accepts
from app.editions.snapshot import encode

router = new_router("", "Start here")
LINKS = '</openapi.json>; rel="service-desc", </docs>; rel="service-doc", </.well-known/api-catalog>; rel="api-catalog"'
"""Sent with the service document, for programs that look at headers alone."""


@router.get("/v1", response_model=Service, operation_id="getService", responses=NEWEST)
async def get_service(content: Content) -> Answer:
    """Learn what this is and where everything stands.

    The edition shown, how much is in it, and a link to everything that can be read without a key.
    """
    return await _service(content)


async def _service(content: Reader) -> Answer:
    told = service_document(content.request.app.title, content.shown)
    return content.answer(encode(told), headers={"Link": LINKS})


@router.get("/", include_in_schema=False)
async def get_welcome(content: NegotiatedContent) -> Answer:
    """Welcome people with a page, and programs with the service document."""
    if _wanted(content.request, (pages.JSON, pages.HTML)) == pages.JSON:
        return await _service(content)
    told = service_document(content.request.app.title, content.shown)
    return pages.page(
        "welcome",
        cache_control=f"public, max-age={content.request.app.state.settings.max_age}",
        vary="Accept",
        service=told,
        sections=[json.loads(entry.light) for entry in content.shown["section"].entries],
        counts=counted(content.shown),
        contact=content.request.app.state.settings.security_contact,
    )


def _wanted(request: Request, offered: tuple[str, ...]) -> str:
    found = accepts(request.headers.get("accept"), offered)
    if found is None:
        raise NotAcceptable(f"This address speaks {', '.join(offered)}.", available=list(offered))
    return found


@router.get("/openapi.json", include_in_schema=False)
async def get_description(request: Request) -> Answer:
    """Give the OpenAPI 3.1 description."""
    age = request.app.state.settings.max_age
    return pages.sent(served.description(request.app), pages.JSON, f"public, max-age={age}")


@router.get("/docs", include_in_schema=False)
async def get_reference() -> Answer:
    """Show the description to people."""
    return pages.page("reference", policy=pages.REFERENCE_POLICY, scalar=pages.SCALAR)


@router.get(f"/docs/scalar-{pages.SCALAR}.js", include_in_schema=False)
async def get_reference_script(request: Request) -> Answer:
    """Give the script that draws the reference."""
    answer = pages.reference_script()
    # Compressing it takes a moment, once for each coding: not on the loop that answers everybody.
    await asyncio.to_thread(answer.variant, pages.coding_of(request))
    return answer


@router.get("/docs/reference.js", include_in_schema=False)
async def get_reference_settings() -> Answer:
    """Give the script that tells the reference what to draw."""
    return pages.file("reference.js", "text/javascript")


@router.get("/docs/style.css", include_in_schema=False)
async def get_style() -> Answer:
    """Give the pages their looks."""
    return pages.file("style.css", "text/css")


@router.get("/docs/reference.css", include_in_schema=False)
async def get_reference_style() -> Answer:
    """Give the reference the colours it lacks."""
    return pages.file("reference.css", "text/css")


@router.get("/favicon.svg", include_in_schema=False)
@router.get("/favicon.ico", include_in_schema=False)
async def get_icon() -> Answer:
    """Give the browser its icon."""
    return pages.file("favicon.svg", "image/svg+xml")


_FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {pages.HTML: {"schema": {"type": "string"}}, pages.MARKDOWN: {"schema": {"type": "string"}}},
        "headers": {"ETag": {}, "Vary": {}},
    },
    304: {"description": "What you have is current.", "headers": {"ETag": {}, "Vary": {}}},
}


@router.get(
    "/problems",
    response_model=kinds.ProblemKinds,
    operation_id="listProblems",
    responses={**_FORMS, **problems(NotAcceptable)},
)
async def list_problems(request: Request) -> Answer:
    """List every kind of refusal.

    A page for browsers, Markdown or JSON for programs, as `Accept` says.
    """
    return kinds.list_answer(_wanted(request, kinds.OFFERED))


@router.get(
    "/problems/{slug}",
    response_model=kinds.ProblemKind,
    operation_id="getProblem",
    responses={**_FORMS, **problems(NotFound, NotAcceptable)},
)
async def get_problem(
    request: Request, slug: Annotated[str, Path(max_length=80, description="The last part of a problem's `type`.")]
) -> Answer:
    """Get the page that explains a kind of refusal.

    The `type` of every problem document leads here.
    """
    media_type = _wanted(request, kinds.OFFERED)
    told = kinds.by_slug().get(slug)
    if told is None:
        raise NotFound("There is no such kind of problem; `GET /problems` lists them.")
    return kinds.one_answer(told, media_type)


@router.get("/llms.txt", include_in_schema=False)
async def get_llms_txt(request: Request) -> Answer:
    """Give language models a map."""
    return pages.sent(served.llms_txt().encode(), pages.MARKDOWN)


@router.get("/.well-known/api-catalog", include_in_schema=False)
async def get_api_catalog(request: Request) -> Answer:
    """Tell programs where the API, its description and its documentation are."""
    told = discovery.api_catalog(request.app.state.settings.public_url.rstrip("/"))
    headers = {"Link": '</.well-known/api-catalog>; rel="api-catalog"'}
    return pages.sent(encode(told), discovery.CATALOG_PROFILE, headers=headers)


@router.get("/.well-known/security.txt", include_in_schema=False)
async def get_security_txt(request: Request) -> Response:
    """Tell whom to tell of a weakness."""
    settings = request.app.state.settings
    # Not an `Answer`: it depends on the hour, and in development on the name the reader calls us by.
    base = settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    told = discovery.security_txt(base, settings.security_contact, request.app.state.clock())
    return Response(told, media_type=pages.TEXT)


@router.get("/robots.txt", include_in_schema=False)
async def get_robots_txt() -> Answer:
    """Welcome crawlers."""
    return pages.sent(b"User-agent: *\nAllow: /\n")
