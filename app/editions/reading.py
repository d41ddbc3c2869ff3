"""Reading published content: lists and single items.

Every function answers from a `Snapshot` and touches no database. Lists are joined from bytes that were written when
the edition was made; only `fields` and `include` parse documents, and only those of the page.

A `next` link carries the edition it began in, so a walk sees each row once even while another edition is published.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from app.core.answers import Answer
from app.core.errors import Invalid
from app.core.paging import Links, link_header
from app.editions.asking import LIMIT_WITH_INCLUDE, SPARSE, BareListQuery, BareQuery, Paged, included
from app.editions.reader import Reader
from app.editions.shaping import find, shape, shaping
from app.editions.snapshot import Collection, Entry, Snapshot, encode


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
    query: BareListQuery
    names: list[str] | None
    entries: list[Entry]
    total: int
    links: dict[str, str | None]
    computed: Callable[[Entry], Mapping[str, Any]] | None

    def shaped(self, entry: Entry, names: list[str] | None) -> bytes:
        """One item of the page, with the fields asked for."""
        computed = self.computed(entry) if self.computed else None
        return shape(self.snapshot, entry, names, included(self.query), in_list=True, computed=computed)

    def link_header(self) -> dict[str, str]:
        """`next` and `prev` again, as a header."""
        return link_header(Links.model_validate(self.links))


async def list_items(
    reader: Reader, kind_name: str, query: BareListQuery, narrow: Callable[[Snapshot], Narrowing] | None = None
) -> Answer:
    """Answer a page of a kind, filtered and ordered as asked."""
    cut = await cut_page(reader, kind_name, query, narrow)
    items = b",".join(cut.shaped(entry, cut.names) for entry in cut.entries)
    body = b'{"items":[%b],"total":%d,"links":%b}' % (items, cut.total, encode(cut.links))
    media_type = "application/json" if cut.names is None else SPARSE
    return reader.answer(body, media_type=media_type, headers=cut.link_header())


async def cut_page(
    reader: Reader, kind_name: str, query: BareListQuery, narrow: Callable[[Snapshot], Narrowing] | None = None
) -> Cut:
    """Choose a page of a kind, or say everything that is wrong with the question."""
    snapshot = await reader.on(query.edition)
    collection = snapshot[kind_name]
    faults: list[dict[str, str]] = []
    mask = filter_mask(snapshot, collection, query, faults)
    names = shaping(collection.kind, query, faults)
    if included(query) and query.limit > LIMIT_WITH_INCLUDE:
        faults.append({"parameter": "limit", "detail": f"With `include`, at most {LIMIT_WITH_INCLUDE}."})
    if faults:
        raise Invalid(faults)
    narrowing = narrow(snapshot) if narrow else Narrowing(mask)
    mask &= narrowing.mask
    total = mask.bit_count()
    page = collection.select(mask, getattr(query, "sort", None), query.offset, query.limit, narrowing.first)
    links = page_links(reader.request.url.path, reader.shown.number, query, total)
    return Cut(snapshot, query, names, page, total, links, narrowing.computed)


async def one_item(reader: Reader, kind_name: str, slug: str, query: BareQuery) -> Answer:
    """Answer one item; what was retired or never was says so."""
    snapshot, entry, names = await find_shaped(reader, kind_name, slug, query)
    body = shape(snapshot, entry, names, included(query), in_list=False)
    return reader.answer(body, media_type=SPARSE if names is not None else "application/json")


async def find_shaped(
    reader: Reader, kind_name: str, slug: str, query: BareQuery
) -> tuple[Snapshot, Entry, list[str] | None]:
    """The item asked for and the fields asked of it, or the refusal."""
    snapshot = await reader.on(query.edition)
    entry = find(snapshot, kind_name, slug)
    faults: list[dict[str, str]] = []
    names = shaping(entry.kind, query, faults)
    if faults:
        raise Invalid(faults)
    return snapshot, entry, names


def filter_mask(snapshot: Snapshot, collection: Collection, query: BareListQuery, faults: list[dict[str, str]]) -> int:
    """The items that every filter keeps; values that name nothing are faults."""
    mask = collection.everything
    for name, rule in collection.kind.filters.items():
        wanted = getattr(query, name, None)
        if not wanted:
            continue
        values = wanted if isinstance(wanted, list) else [wanted]
        if rule.refers_to:
            unknown = [f"{v!r}" for v in dict.fromkeys(values) if snapshot.get(rule.refers_to, v) is None]
            if unknown:
                plural = snapshot[rule.refers_to].kind.plural
                detail = f"No such slug: {', '.join(unknown)}; `GET /v1/{plural}?fields=slug` lists those there are."
                faults.append({"parameter": name, "detail": detail})
        mask &= collection.mask(rule.field, values)
    if query.slug:
        positions = (collection.by_slug.get(slug) for slug in query.slug)
        mask &= collection.mask_of(p for p in positions if p is not None)
    return mask


def page_links(path: str, edition: int, query: Paged, total: int) -> dict[str, str | None]:
    """Links to this page, the next and the one before, each in the edition that is shown."""
    asked = query.model_dump(exclude_defaults=True, exclude_none=True, mode="json")

    asked.pop("offset", None)
    asked.pop("edition", None)
    same = [urlencode(asked, doseq=True, safe=",:")] if asked else []
    shown = [f"edition={edition}"] if edition else []

    def link(offset: int) -> str:
        parts = [*same, *([f"offset={offset}"] if offset else []), *shown]
        return f"{path}?{'&'.join(parts)}" if parts else path

    return {
        "self": link(query.offset),
        "next": link(query.offset + query.limit) if query.offset + query.limit < total else None,
        # From beyond the end, back to the last page.
        "prev": link(max(0, min(query.offset, total) - query.limit)) if query.offset else None,
    }
