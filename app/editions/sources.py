"""The registry of sources: what every fact leads to."""

from typing import Any

from pydantic import Field

from app.core.words import URL, AsOf, Line, Title, Year
from app.editions.kinds import Confidence, Fields, Filter, Item, Kind, Record

EDITORIAL = "editorial"


class SourceFields(Fields):
    """What is known of a source."""

    publisher: Title | None
    year: Year | None
    url: URL | None
    as_of: AsOf | None = Field(default=None, description="When the source, or the figure in it, was true.")
    note: Line | None = None


class SourceRecord(Record, SourceFields):
    """One record of `seed_data/sources.yaml`."""


class SourceItem(Item, SourceFields):
    """A source that items cite."""


def _complete(raw: dict[str, Any]) -> dict[str, Any]:
    told = ", ".join(str(part) for part in (raw.get("publisher"), raw.get("year")) if part)
    return {"summary": told or str(raw.get("title")), **raw}


SOURCE = Kind(
    name="source",
    plural="sources",
    file="sources",
    record=SourceRecord,
    item=SourceItem,
    order=("slug",),
    path=lambda item: f"/sources/{item['slug']}",
    filters={"year": Filter("year")},
    prepare=_complete,
)


def spell_out(label: str, registry: Any) -> dict[str, Any]:
    """A citation label as a client reads it; KeyError where the registry has no such source."""
    slug, _, level = label.partition(".")
    source = registry[slug]
    sure = Confidence.EDITORIAL if slug == EDITORIAL else Confidence(level or "verified")
    return {
        "id": label,
        "title": source["title"],
        "publisher": source["publisher"],
        "year": source["year"],
        "url": source["url"],
        "as_of": source["as_of"],
        "confidence": sure.value,
    }
