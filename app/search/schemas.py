"""Shapes of questions and of what they find."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.core.words import Printable, Slug, Title
from app.editions.asking import BareListQuery, Paged
from app.editions.kinds import Fields, ItemPage, Listing
from app.search.content import Synonyms


class SearchType(StrEnum):
    """Types of items that are found."""

    TOOLKIT = "toolkit"
    PAGE = "page"
    SECTION = "section"
    TOPIC = "topic"
    PROGRAM_TYPE = "program-type"
    ESSENTIAL_ELEMENT = "essential-element"
    LEARNING_SITE = "learning-site"
    RESOURCE = "resource"
    FACT = "fact"
    FAQ = "faq"
    MEASURE = "measure"
    SOURCE = "source"


class SearchQuery(Paged):
    """What is looked for, and where."""

    q: Annotated[str, Printable] = Field(
        min_length=1, max_length=200, examples=["crisis intervetion training"],
        description="Words, a code or a whole question. There is no syntax: quotes and operators are blanks.",
    )  # fmt: skip
    type: list[SearchType] = Field([], max_length=12, description="Only hits of any of these types.")


class SnippetPart(Fields):
    """A piece of a snippet."""

    text: str
    marked: bool = Field(description="Whether this is what was looked for, or a synonym of it.")


class Hit(Fields):
    """An item that was found."""

    type: SearchType
    slug: Slug
    title: Title
    href: str
    path: str
    score: int = Field(description="Hits come in its order. It compares hits of one answer and nothing else.")
    snippet: list[SnippetPart] = Field(description="The line that answers best; its parts in a row are plain text.")
    snippet_html: str = Field(description="The same as HTML that is safe to insert: escaped, with `<mark>`.")


class TermSynonyms(Fields):
    """Other words that were looked for too."""

    term: str = Field(description="A term of the question.")
    also: list[str] = Field(description="What else it is called; counts a little less than what was typed.")


class Understood(Fields):
    """How the question was read."""

    terms: list[str] = Field(description="The words looked for: corrected, without the likes of `how` and `the`.")
    corrected: str | None = Field(description="What was searched instead, where typing errors were corrected.")
    synonyms: list[TermSynonyms]
    unknown: list[str] = Field(description="Words that nothing published has, by any name; they were passed over.")


class SearchPage(ItemPage):
    """Hits, best first."""

    items: list[Hit]
    counts: dict[str, int] = Field(description="Matches of every type, whichever `type` was asked for.")
    query: Understood
    suggestions: list[str] = Field(description="Where nothing was found: published words that begin alike.")
    links: Listing


class SynonymsQuery(BareListQuery):
    """Which groups."""


class SynonymsPage(ItemPage):
    """Groups of words that mean the same, by their first term."""

    items: list[Synonyms]
