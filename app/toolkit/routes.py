"""The tree, pages, sections, topics."""

import json
from typing import Annotated, Any

from fastapi import Query

from app.core.answers import Answer
from app.core.clock import rfc3339
from app.core.errors import Invalid
from app.core.web import new_router
from app.editions.asking import SPARSE, ItemQuery, SlugPath
from app.editions.documented import ITEM, LIST, PLAIN
from app.editions.reader import Content
from app.editions.reading import list_items, one_item
from app.editions.shaping import unknown_names
from app.editions.snapshot import Snapshot, encode
from app.toolkit.content import PAGE, SECTION, TOOLKIT, TOPIC, Page, Section, Topic
from app.toolkit.schemas import (
    PagePage,
    PageQuery,
    SectionPage,
    SectionQuery,
    ToolkitTree,
    TopicPage,
    TopicQuery,
    TreeQuery,
)

router = new_router("/v1", "Toolkit")
TREE_TOPICS = 100
"""Topics that the tree holds of one section."""


@router.get("/toolkit", response_model=ToolkitTree, operation_id="getToolkit", responses={**PLAIN, 200: ITEM[200]})
async def get_toolkit(content: Content, query: Annotated[TreeQuery, Query()]) -> Answer:
    """Get the whole toolkit as one tree.

    The one call a home page needs: the introduction, what is featured, every section with its topics, the other
    pages, and where to go next. Every `href` in it answers 200.
    """
    snapshot = await content.on(query.edition)
    tree = _tree(snapshot)
    if query.fields is None:
        return content.answer(encode(tree))
    faults = unknown_names("fields", "member", query.fields, tree)
    if faults:
        raise Invalid(faults)
    return content.answer(encode({name: tree[name] for name in query.fields}), media_type=SPARSE)


def _tree(snapshot: Snapshot) -> dict[str, Any]:
    entry = snapshot.get(TOOLKIT.name, "toolkit")
    home: dict[str, Any] = entry.document() if entry else {"title": "PMHC Toolkit", "summary": "Nothing is published."}
    introduction = snapshot.get(PAGE.name, home.get("introduction", ""))
    sections = []
    for section in snapshot[SECTION.name].entries:
        slugs = section.links("topics")
        topics = [t for t in (snapshot.get(TOPIC.name, slug) for slug in slugs[:TREE_TOPICS]) if t]
        topic_list = {
            "items": [json.loads(topic.light) for topic in topics],
            "total": len(slugs),
            "truncated": len(slugs) > TREE_TOPICS,
            "href": f"/v1/topics?section={section.slug}",
        }
        sections.append({**json.loads(section.light), "topic_list": topic_list})
    listed = {name: c for name, c in snapshot.collections.items() if c.kind.listed and c.kind is not TOOLKIT}
    return {
        "title": home["title"],
        "summary": home["summary"],
        "edition": snapshot.number,
        "published_at": _published(snapshot),
        "introduction": json.loads(introduction.light) if introduction else None,
        "featured": [_highlight(snapshot, ref) for ref in home.get("featured", [])],
        "sections": sections,
        "pages": [json.loads(page.light) for page in snapshot[PAGE.name].entries],
        "next_steps": [_highlight(snapshot, ref) for ref in home.get("next_steps", [])],
        "counts": {name: len(c.entries) for name, c in listed.items()},
        "links": {c.kind.plural.replace("-", "_"): f"/v1/{c.kind.plural}" for c in listed.values()},
    }


def _published(snapshot: Snapshot) -> str | None:
    return rfc3339(snapshot.published_at) if snapshot.published_at else None


def _highlight(snapshot: Snapshot, ref: dict[str, Any]) -> dict[str, Any]:
    target = snapshot[ref["type"]].get(ref["slug"])
    if target is None:
        raise LookupError(ref["slug"])  # publishing checked it
    return {**ref, "href": target.href, "path": target.keys["path"]}


@router.get("/pages", response_model=PagePage, operation_id="listPages", responses=LIST)
async def list_pages(content: Content, query: Annotated[PageQuery, Query()]) -> Answer:
    """List the home page's own pages.

    The introduction (with its video), about, focused tools, opportunities, how to ask for help, contact, and the
    two fact sheets.
    """
    return await list_items(content, PAGE.name, query)


@router.get("/pages/{slug}", response_model=Page, operation_id="getPage", responses=ITEM)
async def get_page(content: Content, slug: SlugPath, query: Annotated[ItemQuery, Query()]) -> Answer:
    """Get a page with its body."""
    return await one_item(content, PAGE.name, slug, query)


@router.get("/sections", response_model=SectionPage, operation_id="listSections", responses=LIST)
async def list_sections(content: Content, query: Annotated[SectionQuery, Query()]) -> Answer:
    """List the sections, in order."""
    return await list_items(content, SECTION.name, query)


@router.get("/sections/{slug}", response_model=Section, operation_id="getSection", responses=ITEM)
async def get_section(content: Content, slug: SlugPath, query: Annotated[ItemQuery, Query()]) -> Answer:
    """Get a section.

    Add `include=topics` for its topics.
    """
    return await one_item(content, SECTION.name, slug, query)


@router.get("/topics", response_model=TopicPage, operation_id="listTopics", responses=LIST)
async def list_topics(content: Content, query: Annotated[TopicQuery, Query()]) -> Answer:
    """List topics, section by section."""
    return await list_items(content, TOPIC.name, query)


@router.get("/topics/{slug}", response_model=Topic, operation_id="getTopic", responses=ITEM)
async def get_topic(content: Content, slug: SlugPath, query: Annotated[ItemQuery, Query()]) -> Answer:
    """Get a topic with its body, as Markdown and as safe HTML.

    Headings in `body_html` have ids. Citations are links to `#source-<id>`; the list of sources stands at its end.
    """
    return await one_item(content, TOPIC.name, slug, query)
