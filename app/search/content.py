"""Synonyms of the field, kept as data and published with the content they help to find."""

import re
from typing import Annotated, Any

from pydantic import Field

from app.core.words import Label, Line
from app.editions.kinds import Fields, Item, Kind, Record


class SynonymFields(Fields):
    """Words that mean the same in a search."""

    terms: Annotated[list[Label], Field(min_length=2, max_length=12)]
    note: Line | None = None


class SynonymRecord(Record, SynonymFields):
    """One record of `seed_data/synonyms.yaml`; slug, title and summary are made from the terms."""


class Synonyms(Item, SynonymFields):
    """A group of words that mean the same in a search."""


def _complete(raw: dict[str, Any]) -> dict[str, Any]:
    terms = [str(term) for term in raw.get("terms") or ["?"]]
    slug = re.sub(r"[^a-z0-9]+", "-", terms[0].lower()).strip("-")
    return {"slug": slug, "title": terms[0], "summary": ", ".join(terms)[:400], **raw}


SYNONYMS = Kind(
    name="synonyms",
    plural="search/synonyms",
    file="synonyms",
    record=SynonymRecord,
    item=Synonyms,
    order=("title",),
    path=lambda item: f"/search/synonyms/{item['slug']}",
    listed=False,
    prepare=_complete,
)
