"""Questions that toolkit content answers, and the shapes of its lists."""

from typing import Literal

from pydantic import Field

from app.core.words import Instant, Slug
from app.editions.asking import SPARSE, AsOfQuery, ListQuery, Names
from app.editions.kinds import Fields, ItemPage, Ref
from app.toolkit.content import PageBrief, PageKind, SectionBrief, TopicBrief


class PagePage(ItemPage):
    """Pages, in order."""

    items: list[PageBrief]


class SectionPage(ItemPage):
    """Sections, in order."""

    items: list[SectionBrief]


class TopicPage(ItemPage):
    """Topics, by section and position."""

    items: list[TopicBrief]


class PageQuery(ListQuery):
    """Which pages."""

    sort: Literal["position", "-position", "title", "-title"] | None = Field(None, description="Order; `-` reverses.")
    kind: list[PageKind] = Field([], max_length=10, description="Any of these kinds.")


class SectionQuery(ListQuery):
    """Which sections."""

    sort: Literal["number", "-number", "title", "-title"] | None = Field(None, description="Order; `-` reverses.")


class TopicQuery(ListQuery):
    """Which topics."""

    sort: Literal["position", "-position", "title", "-title"] | None = Field(
        None, description="Order; `-` reverses. `position` is the order without it: by section, then place in it."
    )
    section: list[Slug] = Field([], max_length=20, description="In any of these sections.")
    element: list[Slug] = Field([], max_length=20, description="That go deeper into any of these elements.")
    program_type: list[Slug] = Field([], max_length=20, description="About any of these program types.")
    learning_site: list[Slug] = Field([], max_length=20, description="That name any of these learning sites.")
    resource: list[Slug] = Field([], max_length=20, description="That point to any of these resources.")


class TreeQuery(AsOfQuery):
    """Which parts of the tree."""

    fields: Names | None = Field(
        None, description=f"Only these members of the tree, separated by commas. The answer is then `{SPARSE}`."
    )


class TopicList(Fields):
    """The topics of a section, as the tree holds them."""

    items: list[TopicBrief]
    total: int
    truncated: bool = Field(description="True when the tree holds fewer than `total`; `href` leads to all of them.")
    href: str


class SectionBranch(SectionBrief):
    """A section with its topics."""

    topic_list: TopicList


class Highlight(Ref):
    """An item shown on the home page."""

    title: str
    teaser: str
    href: str
    path: str


class ToolkitTree(Fields):
    """The whole toolkit as one tree."""

    title: str
    summary: str
    edition: int = Field(description="The edition shown; 0 before anything was published.")
    published_at: Instant | None
    introduction: PageBrief | None
    featured: list[Highlight]
    sections: list[SectionBranch]
    pages: list[PageBrief]
    next_steps: list[Highlight]
    counts: dict[str, int] = Field(description="Published items, by type.")
    links: dict[str, str] = Field(description="Where every collection is served.")
