"""Editions, changes, the export, old paths, and the registry of sources."""

from typing import Annotated
from urllib.parse import unquote, urlencode, urlsplit

from fastapi import Path, Query
from sqlalchemy import func, select

from app.core.answers import Answer
from app.core.clock import rfc3339
from app.core.errors import NotAcceptable, NotFound
from app.core.paging import Links, link_header
from app.core.web import Reading, new_router
from app.core.words import InDigits
from app.editions.asking import BareQuery, SlugPath
from app.editions.documented import ITEM, LIST, NEWEST, PLAIN, WALKED
from app.editions.models import Edition, Revision
from app.editions.publish import digest
from app.editions.reader import Content, EditionNotFound, NegotiatedContent, accepts
from app.editions.reading import list_items, one_item
from app.editions.schemas import (
    ChangePage,
    ChangesQuery,
    EditionOut,
    EditionPage,
    Export,
    ExportFormat,
    ExportQuery,
    PageQuery,
    Resolved,
    ResolveQuery,
    SourcePage,
    SourceQuery,
)
from app.editions.shaping import gone
from app.editions.snapshot import Entry, Snapshot, encode
from app.editions.sources import SOURCE, SourceItem

router = new_router("/v1", "Editions")
library = new_router("/v1", "Library")
NDJSON = "application/x-ndjson"


def _told(edition: Edition) -> dict[str, object]:
    names = ("number", "note", "digest", "items", "created", "changed", "retired")
    return {
        **{name: getattr(edition, name) for name in names},
        "published_at": rfc3339(edition.published_at),
        "href": f"/v1/editions/{edition.number}",
    }


@router.get("/editions", response_model=EditionPage, operation_id="listEditions", responses=NEWEST)
async def list_editions(content: Content, session: Reading, query: Annotated[PageQuery, Query()]) -> Answer:
    """List what was published, newest first."""
    wanted = select(Edition).order_by(Edition.number.desc()).limit(query.limit)
    if query.before is not None:
        wanted = wanted.where(Edition.number < query.before)
    found = list(await session.scalars(wanted))
    total = await session.scalar(select(func.count()).select_from(Edition)) or 0
    more = bool(found) and found[-1].number > 1
    size = {"limit": query.limit} if "limit" in query.model_fields_set else {}

    def link(before: int | None) -> str:
        pairs = {**size, **({"before": before} if before else {})}
        return f"/v1/editions?{urlencode(pairs)}" if pairs else "/v1/editions"

    following = link(found[-1].number) if more else None
    links = {"self": link(query.before), "next": following, "prev": None}
    body = encode({"items": [_told(e) for e in found], "total": total, "links": links})
    return content.answer(body, headers=link_header(Links.model_validate(links)))


@router.get("/editions/{number}", response_model=EditionOut, operation_id="getEdition", responses=PLAIN)
async def get_edition(
    content: Content,
    session: Reading,
    number: Annotated[int, Path(ge=1, le=2**31 - 1, description="Its number."), InDigits],
) -> Answer:
    """Get one edition.

    When it was published, what it changed, and the digest of its export.
    """
    found = await session.get(Edition, number)
    if found is None:
        raise EditionNotFound(f"There is no edition {number}; the newest is {content.shown.number}.")
    return content.answer(encode(_told(found)))


@router.get("/changes", response_model=ChangePage, operation_id="listChanges", responses=WALKED)
async def list_changes(content: Content, session: Reading, query: Annotated[ChangesQuery, Query()]) -> Answer:
    """List what each edition created, changed or retired.

    Keep a copy in step: start at `after=0`, apply each change in order (a null `document` removes the item), follow
    `links.next` to its end, and next time ask with `after` at the `edition` of the last answer. The result is
    exactly `GET /v1/export`. An edition that is not there is refused: who has a newer one than we begins again at 0.
    """
    newest = await session.scalar(select(func.max(Edition.number))) or 0
    until = newest if query.until is None else query.until
    if max(query.after, until) > newest:
        raise EditionNotFound(f"There is no edition {max(query.after, until)}; the newest is {newest}.")
    between = Revision.edition > query.after, Revision.edition <= until
    total = await session.scalar(select(func.count()).select_from(Revision).where(*between)) or 0
    ordered = select(Revision).where(*between).order_by(Revision.edition, Revision.kind, Revision.slug)
    lines = [
        b'{"edition":%d,"type":%b,"slug":%b,"action":%b,"document":%b}'
        % (r.edition, encode(r.kind), encode(r.slug), encode(r.action), (r.document or "null").encode())
        for r in await session.scalars(ordered.offset(query.offset).limit(query.limit))
    ]

    def link(offset: int) -> str:
        pairs = {"after": query.after, "until": until, "offset": offset, "limit": query.limit}
        return f"/v1/changes?{urlencode(pairs)}"

    links = {
        "self": link(query.offset),
        "next": link(query.offset + query.limit) if query.offset + query.limit < total else None,
        "prev": link(max(0, min(query.offset, total) - query.limit)) if query.offset else None,
    }
    body = b'{"items":[%b],"total":%d,"after":%d,"edition":%d,"links":%b}' % (
        b",".join(lines), total, query.after, until, encode(links),
    )  # fmt: skip
    return content.answer(body, headers=link_header(Links.model_validate(links)))


@router.get(
    "/export",
    response_model=Export,
    operation_id="exportToolkit",
    responses={
        **PLAIN,
        200: {
            "headers": {**PLAIN[200]["headers"], "Content-Digest": {}},
            "content": {NDJSON: {"schema": {"type": "string"}}},
        },
    },
)
async def export_toolkit(content: NegotiatedContent, query: Annotated[ExportQuery, Query()]) -> Answer:
    """Export everything published.

    One JSON object a line (NDJSON), or one JSON document. The edition's `digest` is the SHA-256 of the NDJSON form.
    `Content-Digest` is that of the bytes as they are sent (RFC 9530): of the compressed ones where they are compressed.
    `pmhc load` reads the NDJSON form into an empty database, and the export of that is the same bytes.
    """
    snapshot = await content.on(query.edition)
    format_ = query.format
    if format_ is None:
        media = accepts(content.request.headers.get("accept"), (NDJSON, "application/json"))
        if media is None:
            raise NotAcceptable("An export is application/x-ndjson or application/json.", available=[NDJSON])
        format_ = ExportFormat.NDJSON if media == NDJSON else ExportFormat.JSON
    lines = export_lines(snapshot)
    if format_ is ExportFormat.NDJSON:
        return content.answer(b"".join(lines), media_type=NDJSON, digested=True)
    told = snapshot.digest or digest([])
    body = b'{"edition":%d,"digest":%b,"items":[%b]}' % (
        snapshot.number, encode(told), b",".join(line.rstrip(b"\n") for line in lines),
    )  # fmt: skip
    return content.answer(body, digested=True)


def export_lines(snapshot: Snapshot) -> list[bytes]:
    """The edition as NDJSON, in the order of type and slug."""
    found = sorted(snapshot.entries(), key=lambda e: (e.kind.name, e.slug))
    return [b'{"type":%b,"slug":%b,"document":%b}\n' % (encode(e.kind.name), encode(e.slug), e.stored()) for e in found]


@router.get(
    "/resolve",
    response_model=Resolved,
    operation_id="resolvePath",
    responses={**PLAIN, 404: ITEM[404], 410: ITEM[410]},
)
async def resolve_path(content: Content, query: Annotated[ResolveQuery, Query()]) -> Answer:
    """Find what a front end's path stands for.

    Answers with type, slug, where this API serves it, and the canonical path. An old slug is found too: `canonical`
    is then false and `path` says where it went. What was retired is 410, as it is at its own address.
    """
    snapshot = await content.on(query.edition)
    path = unquote(urlsplit("//-" + query.path).path).rstrip("/") or "/"
    entry = snapshot.paths.get(path)
    canonical = entry is not None
    if entry is None:
        entry = _moved(snapshot, path)
    told = {
        "type": entry.kind.name,
        "slug": entry.slug,
        "title": entry.keys["title"],
        "href": entry.href,
        "path": entry.keys["path"],
        "canonical": canonical and path == query.path,
    }
    return content.answer(encode(told))


def _moved(snapshot: Snapshot, path: str) -> Entry:
    """The item that a path with an old slug, or in an old place, leads to now."""
    slug = path.rsplit("/", maxsplit=1)[-1]
    candidates = [entry for (_, old), entry in snapshot.moved.items() if old == slug]
    candidates += [e for c in snapshot.collections.values() if c.kind.listed and (e := c.get(slug)) is not None]
    if len(candidates) > 1:
        # The same slug in several kinds: the one whose path begins alike is meant.
        alike = [c for c in candidates if c.keys["path"].split("/")[1] == path.split("/")[1]]
        candidates = alike or candidates
    if candidates:
        return candidates[0]
    left = [
        (edition, kind)
        for (kind, old), edition in snapshot.retired.items()
        if old == slug and snapshot[kind].kind.listed
    ]
    if left:
        # Of the same slug in several kinds, that which left last.
        edition, kind = max(left)
        raise gone(kind, edition)
    raise NotFound("No published item has or had this path.")


@library.get("/sources", response_model=SourcePage, operation_id="listSources", responses=LIST)
async def list_sources(content: Content, query: Annotated[SourceQuery, Query()]) -> Answer:
    """List the sources that facts lead to."""
    return await list_items(content, SOURCE.name, query)


@library.get("/sources/{slug}", response_model=SourceItem, operation_id="getSource", responses=ITEM)
async def get_source(content: Content, slug: SlugPath, query: Annotated[BareQuery, Query()]) -> Answer:
    """Get one source."""
    return await one_item(content, SOURCE.name, slug, query)
