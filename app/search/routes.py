"""Search, and the synonyms it knows."""

from json.encoder import encode_basestring as quote
from typing import Annotated

from fastapi import Query

from app.core.answers import Answer
from app.core.paging import Links, link_header
from app.core.web import new_router
from app.editions.asking import BareQuery, SlugPath
from app.editions.documented import ITEM, LIST, WALKED
from app.editions.reader import Content
from app.editions.reading import list_items, one_item, page_links
from app.editions.snapshot import encode
from app.search.building import index_of
from app.search.content import SYNONYMS, Synonyms
from app.search.documents import unpack
from app.search.index import SearchIndex
from app.search.ranking import Found, Hit
from app.search.ranking import search as find
from app.search.schemas import SearchPage, SearchQuery, SynonymsPage, SynonymsQuery
from app.search.snippets import Marks, Part, to_html

router = new_router("/v1", "Search")
SUGGESTED = 5
PREFIX = 4
"""Letters that a suggestion has in common with what was typed."""


@router.get("/search", response_model=SearchPage, operation_id="searchToolkit", responses=WALKED)
async def search(content: Content, query: Annotated[SearchQuery, Query()]) -> Answer:
    """Search everything that is published.

    Words may be typed in any form and order, as a code (`M07`, `42 CFR Part 2`), or as a whole question. Titles count
    most, then summaries, then bodies; rare words more than common ones; words side by side more than apart. An item
    must have the better part of what was asked. Typing errors are corrected and synonyms of the field are looked for
    too; `query` says what was done. `type` keeps the hits of some types, `counts` tells how many all types have.
    """
    snapshot = await content.on(query.edition)
    index = await index_of(snapshot)
    found = find(index, query.q, query.type, query.offset, query.limit)
    links = page_links(content.request.url.path, snapshot.number, query, found.total)
    rest = {
        "total": found.total,
        "counts": found.counts,
        "query": {
            "terms": list(dict.fromkeys(word.plain for word in found.asked.words)),
            "corrected": found.asked.corrected,
            "synonyms": [{"term": s.term.label, "also": [o.label for o in s.others]} for s in found.asked.said],
            "unknown": found.unknown,
        },
        "suggestions": _suggestions(index, found),
        "links": links,
    }
    marks = Marks(found.question, found.rarities)
    hits = ",".join([_written(hit, marks.snippet(unpack(hit.text))) for hit in found.hits])
    body = b'{"items":[%b],%b' % (hits.encode(), encode(rest)[1:])
    return content.answer(body, headers=link_header(Links.model_validate(links)))


def _written(hit: Hit, parts: list[Part]) -> str:
    """A hit as JSON; written by hand, since a page holds many small pieces."""
    entry = hit.entry
    pieces = [f'{{"text":{quote(text)},"marked":{"true" if marked else "false"}}}' for text, marked in parts]
    return (
        f'{{"type":"{entry.kind.name}","slug":"{entry.slug}","title":{quote(entry.keys["title"])},'
        f'"href":{quote(entry.href)},"path":{quote(entry.keys["path"])},"score":{hit.score},'
        f'"snippet":[{",".join(pieces)}],"snippet_html":{quote(to_html(parts))}}}'
    )


def _suggestions(index: SearchIndex, found: Found) -> list[str]:
    """Words to try where nothing was found: those that begin as what was typed does."""
    if sum(found.counts.values()):
        return []
    near = (word for typed in found.unknown for word in index.dictionary.begins(typed[:PREFIX], SUGGESTED))
    return list(dict.fromkeys(near))[:SUGGESTED]


@router.get("/search/synonyms", response_model=SynonymsPage, operation_id="listSynonyms", responses=LIST)
async def list_synonyms(content: Content, query: Annotated[SynonymsQuery, Query()]) -> Answer:
    """List the groups of words that mean the same in a search."""
    return await list_items(content, SYNONYMS.name, query)


@router.get("/search/synonyms/{slug}", response_model=Synonyms, operation_id="getSynonyms", responses=ITEM)
async def get_synonyms(content: Content, slug: SlugPath, query: Annotated[BareQuery, Query()]) -> Answer:
    """Get one group."""
    return await one_item(content, SYNONYMS.name, slug, query)
