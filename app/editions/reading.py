"""Reading published content: lists, single items, shaping, and the links between pages.

Every function answers from a `Snapshot` and touches no database. Lists are joined from bytes that were written when
the edition was made; only `fields` and `include` parse documents, and only those of the page.

A `next` link carries the edition it began in, so a walk sees each row once even while another edition is published.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Path, Request
from pydantic import BeforeValidator, Field, PlainSerializer

from app.core.answers import Answer
from app.core.errors import Gone, Invalid, NotAcceptable, NotFound
from app.core.web import In, refuses
from app.core.words import Slug
from app.editions.kinds import Kind
from app.editions.shelf import Shelf
from app.editions.snapshot import Collection, Entry, Snapshot, encode

SPARSE = "application/vnd.pmhc.sparse+json"
GEOJSON = "application/geo+json"
LIMIT, LIMIT_MAX, LIMIT_WITH_INCLUDE = 50, 200, 50
EMBED_IN_LIST, EMBED_IN_ITEM, EMBED_KINDS = 10, 100, 4
SETTLED_SECONDS = 86_400

EditionNumber = Annotated[
    int | None, Field(ge=1, le=2**31 - 1, description="Read as of this edition. Without it: the newest.")
]


def _split(sent: Any) -> Any:
    return [part for text in sent for part in str(text).split(",")] if isinstance(sent, list) else sent


# Both `fields=a,b` and `fields=a&fields=b` are read: some generated clients know only the second. Links show the first.
_COMMAS = (BeforeValidator(_split), PlainSerializer(",".join, return_type=str, when_used="json-unless-none"))
_NAME = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z_]+$")]
Names = Annotated[list[_NAME], Field(min_length=1, max_length=60, json_schema_extra={"x-separated": "comma"}), *_COMMAS]
SlugNames = Annotated[
    list[Slug], Field(min_length=1, max_length=100, json_schema_extra={"x-separated": "comma"}), *_COMMAS
]
"""Lists that a client may write with commas; `x-separated` tells the document so."""


class AsOfQuery(In):
    """Which edition."""

    edition: EditionNumber = None


class ItemQuery(AsOfQuery):
    """How one item is shaped."""

    fields: Names | None = Field(
        None, description=f"Only these fields, separated by commas. The answer is then `{SPARSE}`."
    )
    include: Annotated[Names, Field(max_length=EMBED_KINDS)] | None = Field(
        None, description=f"Embed what these fields link to, under `included`; at most {EMBED_KINDS} names."
    )


class Paged(AsOfQuery):
    """How a list is cut."""

    limit: int = Field(LIMIT, ge=1, le=LIMIT_MAX, description="Items on a page.")
    offset: int = Field(0, ge=0, le=1_000_000, description="Items to skip; `links.next` does this for you.")


class ListQuery(Paged, ItemQuery):
    """How a list is cut and ordered. Features add their filters and sort keys."""

    slug: SlugNames | None = Field(None, description="Only these items, slugs separated by commas.")


SlugPath = Annotated[Slug, Path(description="The item's slug.")]


class EditionNotFound(NotFound):
    """There is no edition of that number. `GET /v1/editions` lists those there are."""

    title = "No such edition"


class Retired(Gone):
    """The item was published once and has been retired. `GET /v1/changes` tells in which edition; `?edition=N`
    with an earlier number still shows it."""

    title = "The item has been retired"


class Reader:
    """What a content endpoint holds: the request, and the edition it is answered from."""

    def __init__(self, request: Request, max_age: int, vary: str = "Accept-Encoding") -> None:
        """Bind to the request; `on` chooses the edition."""
        self.request, self._max_age, self._vary = request, max_age, vary
        self.shelf: Shelf = request.app.state.shelf
        self.settled = False
        self.shown: Snapshot = self.shelf.current

    async def on(self, edition: int | None) -> Snapshot:
        """The edition asked for, or the newest."""
        if edition is not None:
            self.settled = True
            found = await self.shelf.at(edition)
            if found is None:
                raise EditionNotFound(f"There is no edition {edition}; the newest is {self.shelf.current.number}.")
            self.shown = found
        return self.shown

    def answer(
        self, body: bytes, *, media_type: str = "application/json", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A finished answer of this edition."""
        # What an edition said never changes, so a read that names its edition may be kept much longer.
        age = SETTLED_SECONDS if self.settled else self._max_age
        return Answer(
            body,
            media_type=media_type,
            cache_control=f"public, max-age={age}, stale-while-revalidate={age * 10}",
            headers={"Toolkit-Edition": str(self.shown.number), **(headers or {})},
            vary=self._vary,
        )


@refuses(NotAcceptable)
def _reader(request: Request) -> Reader:
    accept_json(request.headers.get("accept"))
    return Reader(request, request.app.state.settings.max_age)


@refuses(NotAcceptable)
def _open_reader(request: Request) -> Reader:
    return Reader(request, request.app.state.settings.max_age, vary="Accept, Accept-Encoding")


Content = Annotated[Reader, Depends(_reader)]
"""A reader for addresses that speak JSON alone."""
NegotiatedContent = Annotated[Reader, Depends(_open_reader)]
"""A reader for addresses that look at `Accept` themselves."""


def accepts(header: str | None, offered: Iterable[str]) -> str | None:
    """The first of the offered media types that the `Accept` header takes; None where it takes none."""
    if not header:
        return next(iter(offered))
    weights: dict[str, float] = {}
    for part in header.split(","):
        name, _, parameters = part.partition(";")
        q = parameters.replace(" ", "").partition("q=")[2].partition(";")[0]
        try:
            weights[name.strip().lower()] = float(q) if q else 1.0
        except ValueError:
            weights[name.strip().lower()] = 0.0
    best: str | None = None
    weight = 0.0
    for media in offered:
        ranges = (media, media.split("/", maxsplit=1)[0] + "/*", "*/*")
        asked = next((weights[r] for r in ranges if r in weights), 0.0)
        if asked > weight:
            best, weight = media, asked
    return best


def accept_json(header: str | None) -> None:
    """Refuse what JSON cannot satisfy."""
    if header and accepts(header, ("application/json", SPARSE)) is None:
        raise NotAcceptable("This address speaks application/json.", available=["application/json"])


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a feature adds to a list: the items it keeps, their order, and what it says of each."""

    mask: int
    first: Callable[[int, int], list[int]] | None = None
    """Answers the first so many positions of a mask in an order of the feature's own; an explicit `sort` beats it."""
    computed: Callable[[Entry], Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """A page of a list: chosen, and not yet written."""

    snapshot: Snapshot
    query: ListQuery
    names: list[str] | None
    entries: list[Entry]
    total: int
    links: dict[str, str | None]
    computed: Callable[[Entry], Mapping[str, Any]] | None

    def shaped(self, entry: Entry, names: list[str] | None) -> bytes:
        """One item of the page, with the fields asked for."""
        computed = self.computed(entry) if self.computed else None
        return shape(self.snapshot, entry, names, self.query.include, in_list=True, computed=computed)

    def link_header(self) -> dict[str, str]:
        """`next` and `prev` again, as a header."""
        told = [f'<{self.links[rel]}>; rel="{rel}"' for rel in ("next", "prev") if self.links[rel]]
        return {"Link": ", ".join(told)} if told else {}


async def list_items(
    reader: Reader, kind_name: str, query: ListQuery, narrow: Callable[[Snapshot], Narrowing] | None = None
) -> Answer:
    """Answer a page of a kind, filtered and ordered as asked."""
    cut = await cut_page(reader, kind_name, query, narrow)
    items = b",".join(cut.shaped(entry, cut.names) for entry in cut.entries)
    body = b'{"items":[%b],"total":%d,"links":%b}' % (items, cut.total, encode(cut.links))
    media_type = "application/json" if cut.names is None else SPARSE
    return reader.answer(body, media_type=media_type, headers=cut.link_header())


async def cut_page(
    reader: Reader, kind_name: str, query: ListQuery, narrow: Callable[[Snapshot], Narrowing] | None = None
) -> Cut:
    """Choose a page of a kind, or say everything that is wrong with the question."""
    snapshot = await reader.on(query.edition)
    collection = snapshot[kind_name]
    faults: list[dict[str, str]] = []
    mask = filter_mask(snapshot, collection, query, faults)
    names = shaping(collection.kind, query, faults)
    if query.include and query.limit > LIMIT_WITH_INCLUDE:
        faults.append({"parameter": "limit", "detail": f"With `include`, at most {LIMIT_WITH_INCLUDE}."})
    if faults:
        raise Invalid(faults)
    narrowing = narrow(snapshot) if narrow else Narrowing(mask)
    mask &= narrowing.mask
    total = mask.bit_count()
    page = collection.select(mask, getattr(query, "sort", None), query.offset, query.limit, narrowing.first)
    links = page_links(reader.request.url.path, reader.shown.number, query, total)
    return Cut(snapshot, query, names, page, total, links, narrowing.computed)


async def one_item(reader: Reader, kind_name: str, slug: str, query: ItemQuery) -> Answer:
    """Answer one item; what was retired or never was says so."""
    snapshot, entry, names = await find_shaped(reader, kind_name, slug, query)
    body = shape(snapshot, entry, names, query.include, in_list=False)
    return reader.answer(body, media_type=SPARSE if names is not None else "application/json")


async def find_shaped(
    reader: Reader, kind_name: str, slug: str, query: ItemQuery
) -> tuple[Snapshot, Entry, list[str] | None]:
    """The item asked for and the fields asked of it, or the refusal."""
    snapshot = await reader.on(query.edition)
    entry = find(snapshot, kind_name, slug)
    faults: list[dict[str, str]] = []
    names = shaping(entry.kind, query, faults)
    if faults:
        raise Invalid(faults)
    return snapshot, entry, names


def find(snapshot: Snapshot, kind_name: str, slug: str) -> Entry:
    """The item, or the refusal that says where it went."""
    entry = snapshot.get(kind_name, slug)
    if entry is not None:
        return entry
    words = kind_name.replace("-", " ")
    moved = snapshot.moved.get((kind_name, slug))
    if moved is not None:
        raise NotFound(f"This {words} is now called {moved.slug!r}.", moved_to=moved.href)
    retired = snapshot.retired.get((kind_name, slug))
    if retired is not None:
        raise Retired(f"This {words} was retired in edition {retired}.", retired_in=retired, last_edition=retired - 1)
    plural = snapshot[kind_name].kind.plural
    raise NotFound(f"There is no {words} of that slug; `GET /v1/{plural}` lists them.")


def filter_mask(snapshot: Snapshot, collection: Collection, query: ListQuery, faults: list[dict[str, str]]) -> int:
    """The items that every filter keeps; values that name nothing are faults."""
    mask = collection.everything
    for name, rule in collection.kind.filters.items():
        wanted = getattr(query, name, None)
        if not wanted:
            continue
        values = wanted if isinstance(wanted, list) else [wanted]
        if rule.refers_to:
            unknown = [v for v in values if snapshot.get(rule.refers_to, v) is None]
            if unknown:
                plural = snapshot[rule.refers_to].kind.plural
                detail = f"No such slug; `GET /v1/{plural}?fields=slug` lists those there are."
                faults.append({"parameter": name, "detail": detail})
        mask &= collection.mask(rule.field, values)
    if query.slug:
        positions = (collection.by_slug.get(slug) for slug in query.slug)
        mask &= collection.mask_of(p for p in positions if p is not None)
    return mask


def shaping(kind: Kind, query: ItemQuery, faults: list[dict[str, str]]) -> list[str] | None:
    """The fields asked for, or None for all; names that do not exist are faults."""
    if query.include:
        unknown = [name for name in query.include if name not in kind.links]
        if unknown:
            known = ", ".join(kind.links) or "nothing"
            faults.append({"parameter": "include", "detail": f"No link called {unknown[0][:40]!r}; known: {known}."})
    if not query.fields:
        return None
    unknown = [name for name in query.fields if name not in kind.item.model_fields]
    if unknown:
        known = ", ".join(kind.item.model_fields)
        faults.append({"parameter": "fields", "detail": f"No field called {unknown[0][:40]!r}; known: {known}."})
    return query.fields


def shape(
    snapshot: Snapshot, entry: Entry, names: list[str] | None, include: list[str] | None, *, in_list: bool,
    computed: Mapping[str, Any] | None = None,
) -> bytes:  # fmt: skip
    """One item as bytes: whole, sparse, or with what it links to."""
    if names is None and not include and not computed:
        return entry.light if in_list else entry.full
    late = {**entry.kind.volatile, **(computed or {}), "included": None}
    if include:
        cap = EMBED_IN_LIST if in_list else EMBED_IN_ITEM
        late["included"] = {name: embed(snapshot, entry, name, cap) for name in include}
    if names is None:
        return entry.head + (b"" if in_list else entry.tail) + b"," + encode(late)[1:]
    whole = {**entry.document(), **late}
    return encode({name: whole[name] for name in [*names, *(["included"] if include else [])] if name in whole})


def embed(snapshot: Snapshot, entry: Entry, name: str, cap: int) -> dict[str, Any]:
    """What a field links to, cut at `cap`; a cut list says so and leads to the rest."""
    target = entry.kind.links[name]
    slugs = entry.links(name)
    found = [e for e in (snapshot.get(target, slug) for slug in slugs[:cap]) if e is not None]
    cut = len(slugs) > cap
    return {
        "items": [json.loads(e.light) for e in found],
        "total": len(slugs),
        "truncated": cut,
        "href": f"/v1/{snapshot[target].kind.plural}?slug={','.join(slugs[cap:])}" if cut else None,
    }


def page_links(path: str, edition: int, query: Paged, total: int) -> dict[str, str | None]:
    """Links to this page, the next and the one before, each in the edition that is shown."""
    asked = query.model_dump(exclude_defaults=True, exclude_none=True, mode="json")

    def link(offset: int) -> str:
        shown = {**asked, "offset": offset, "edition": edition or None}
        pairs = [(k, v) for k, v in shown.items() if v not in (None, []) and not (k == "offset" and v == 0)]
        return f"{path}?{urlencode(pairs, doseq=True, safe=',:')}" if pairs else path

    return {
        "self": link(query.offset),
        "next": link(query.offset + query.limit) if query.offset + query.limit < total else None,
        "prev": link(max(0, query.offset - query.limit)) if query.offset else None,
    }
