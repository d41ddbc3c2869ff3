"""What can be asked of published content: which edition, which page, which fields, what to embed."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import BeforeValidator, Field, PlainSerializer

from app.core.web import In
from app.core.words import InDigits, Slug

SPARSE = "application/vnd.pmhc.sparse+json"
LIMIT, LIMIT_MAX, LIMIT_WITH_INCLUDE = 50, 200, 50
EMBED_KINDS = 4

EditionNumber = Annotated[
    int | None, Field(ge=1, le=2**31 - 1, description="Read as of this edition. Without it: the newest."), InDigits
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


class BareQuery(AsOfQuery):
    """How one item is shaped that links to nothing."""

    fields: Names | None = Field(
        None, description=f"Only these fields, separated by commas. The answer is then `{SPARSE}`."
    )


class ItemQuery(BareQuery):
    """How one item is shaped."""

    include: Annotated[Names, Field(max_length=EMBED_KINDS)] | None = Field(
        None, description=f"Embed what these fields link to, under `included`; at most {EMBED_KINDS} names."
    )


def included(query: BareQuery) -> list[str] | None:
    """The links to embed; None where none can be asked for."""
    return query.include if isinstance(query, ItemQuery) else None


class Paged(AsOfQuery):
    """How a list is cut."""

    limit: Annotated[int, InDigits] = Field(LIMIT, ge=1, le=LIMIT_MAX, description="Items on a page.")
    offset: Annotated[int, InDigits] = Field(
        0, ge=0, le=1_000_000, description="Items to skip; `links.next` does this for you."
    )


class BareListQuery(Paged, BareQuery):
    """How a list is cut whose items link to nothing."""

    slug: SlugNames | None = Field(None, description="Only these items, slugs separated by commas.")


class ListQuery(BareListQuery, ItemQuery):
    """How a list is cut and ordered. Features add their filters and sort keys."""


SlugPath = Annotated[Slug, Path(description="The item's slug.")]
